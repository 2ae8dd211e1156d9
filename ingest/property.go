package ingest

import (
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
