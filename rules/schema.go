package rules

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// SchemaKinds are the kinds of files that Schema describes.
func SchemaKinds() []string { return slices.Sorted(maps.Keys(fileKinds)) }

// Schema is the JSON Schema of one kind of file, for editors: what may be
// written, with descriptions in Japanese and English, made of the very structs
// the loader reads into. It is draft-07, which every editor's YAML support
// knows whole; of 2020-12 they know parts. It says nothing about rules inside
// texts, names that must exist, or zones: omo check does.
//
// The value is made of what encoding/json writes; kind is one of SchemaKinds.
func Schema(kind string) map[string]any {
	s := &schemer{file: kind, texts: readArticles(), definitions: map[string]any{}}
	root := s.schema(shapeOf(kind))
	out := map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#",
		"title":   "omotenashi " + kind,
	}
	maps.Copy(out, root)
	if len(s.definitions) > 0 {
		out["definitions"] = s.definitions
	}
	return out
}

type schemer struct {
	file        string
	texts       articles
	definitions map[string]any
}

func (s *schemer) schema(of *shape) map[string]any {
	out, text := map[string]any{}, map[string]any{"type": "string"}
	switch of.kind {
	case scalar:
		out = scalarSchema(of.scalarOf)
	case cost:
		out["anyOf"] = []any{scalarSchema(reflect.TypeFor[share]()), map[string]any{"type": "number", "minimum": 0}}
	case height:
		px := map[string]any{"type": "integer", "minimum": 1, "maximum": maxHeight}
		out["anyOf"] = []any{px, map[string]any{"type": "object", "properties": map[string]any{"mobile": px, "desktop": px},
			"required": []string{"mobile", "desktop"}, "additionalProperties": false}}
	case trigger:
		word := map[string]any{"type": "string"}
		maps.Copy(word, of.forms)
		s.explainWords(word, "trigger")
		args := s.record(of.keys)
		args["minProperties"] = 1
		return map[string]any{"anyOf": []any{word, args}}
	case guardrail:
		word := map[string]any{"type": "string"}
		maps.Copy(word, of.forms)
		args := s.record(of.keys)
		args["minProperties"] = 1
		return map[string]any{"anyOf": []any{word, args}}
	case happening:
		out["anyOf"] = []any{text, map[string]any{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": text}}
	case outcome:
		out["anyOf"] = []any{text, oneKey("none", text), oneKey("armed", map[string]any{"anyOf": []any{
			text, map[string]any{"type": "array", "items": text}}})}
	case whatever:
		out["not"] = map[string]any{"type": "null"}
	case listOf:
		out["type"], out["items"] = "array", s.schema(of.of)
	case oneOrList:
		item := s.schema(of.of)
		return map[string]any{"anyOf": []any{item, map[string]any{"type": "array", "items": item}}}
	case named:
		out["type"], out["additionalProperties"] = "object", s.schema(of.of)
	case record:
		if of.path == "" {
			return s.record(of.keys)
		}
		return s.definition(of)
	}
	maps.Copy(out, of.forms)
	if section := map[string]string{"campaign.status": "status", "campaign.variants.action.type": "action"}[join(s.file, of.path)]; section != "" {
		s.explainWords(out, section)
	}
	return out
}

func oneKey(name string, value map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{name: value}, "required": []string{name}, "additionalProperties": false}
}

// definition refers to a struct's schema, made where it is first used.
func (s *schemer) definition(of *shape) map[string]any {
	name := strings.TrimSuffix(of.record.Name(), "File")
	if s.definitions[name] == nil {
		s.definitions[name] = map[string]any{} // so that a struct may hold itself
		def := s.record(of.keys)
		maps.Copy(def, of.forms)
		s.definitions[name] = def
	}
	return map[string]any{"$ref": "#/definitions/" + name}
}

func (s *schemer) record(keys []keyShape) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, k := range keys {
		properties[k.name] = s.described(k)
		if k.required {
			required = append(required, k.name)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// described is a key's schema with its texts. They stand beside a reference in
// allOf, because draft-07 ignores what stands beside $ref.
func (s *schemer) described(k keyShape) map[string]any {
	out := s.schema(k.value)
	if out["$ref"] != nil {
		out = map[string]any{"allOf": []any{out}}
	}
	a := s.texts.key(s.file, k.value.path)
	if a == nil {
		return out
	}
	out["description"] = describeKey(a)
	if v, ok := a.exampleValue(k.name); ok {
		out["examples"] = []any{v}
	}
	if a.Default != "" {
		var v any
		if yaml.Unmarshal([]byte(a.Default), &v) == nil {
			out["default"] = v
		}
	}
	return out
}

// describeKey is what an editor shows beside a key: Japanese, then English.
func describeKey(a *article) string {
	side := func(lang string) string {
		lines := []string{a.text().In(lang)}
		for _, t := range []Text{a.Unit.label("単位", "Unit"), a.Bounds.label("範囲", "Bounds"), a.Missing.label("書かないとき", "Left out")} {
			if t != (Text{}) {
				lines = append(lines, t.In(lang))
			}
		}
		return strings.Join(lines, "\n")
	}
	return side("ja") + "\n\n" + side("en")
}

// explainWords adds what each word means, as VS Code shows it while completing.
func (s *schemer) explainWords(out map[string]any, section string) {
	words, _ := out["enum"].([]string)
	explained := make([]string, len(words))
	for i, w := range words {
		if a := s.texts.find(section, w); a != nil {
			explained[i] = a.JA + "\n" + a.EN
		}
	}
	if len(words) > 0 {
		out["enumDescriptions"] = explained
	}
}

func scalarSchema(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[ruleText]():
		return map[string]any{"type": []string{"string", "boolean"}}
	case reflect.TypeFor[integer]():
		return map[string]any{"type": "integer", "minimum": -1_000_000_000, "maximum": 1_000_000_000}
	case reflect.TypeFor[yesNo]():
		return map[string]any{"type": "boolean"}
	case reflect.TypeFor[number]():
		return map[string]any{"type": "number"}
	case reflect.TypeFor[share]():
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "string", "pattern": `^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)%$`},
			map[string]any{"type": "number", "minimum": 0, "maximum": 1},
		}}
	case reflect.TypeFor[duration]():
		out := map[string]any{"type": "string"}
		maps.Copy(out, lengthOfTime)
		return out
	default:
		return map[string]any{"type": "string"}
	}
}
