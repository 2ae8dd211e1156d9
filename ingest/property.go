package ingest

import (
	"strconv"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"
)

// Property is one of the event's properties by name: a string, a float64 or a
// bool, nil where there is none or it is a list or an object. Texts are parts
// of the event's own memory.
func (e *Event) Property(name string) any {
	if len(e.Properties) == 0 {
		return nil
	}
	node, err := sonic.GetWithOptions(e.Properties, ast.SearchOptions{}, name)
	if err != nil {
		return nil
	}
	switch node.TypeSafe() {
	case ast.V_STRING, ast.V_NUMBER, ast.V_TRUE, ast.V_FALSE:
		v, err := node.Interface()
		if err != nil {
			return nil
		}
		return v
	default:
		return nil
	}
}

// Text is a property or trait, as JSON has it, as people write it: 6800, not
// 6.8e+03; "" where it is neither text, number nor bool.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
