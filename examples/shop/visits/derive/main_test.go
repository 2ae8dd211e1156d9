package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/omotenashi-web/omotenashi/examples/shop/visits"
)

const columns = "Administrative;Administrative_Duration;Informational;Informational_Duration;ProductRelated;ProductRelated_Duration;VisitorType;Weekend;Revenue\n"

func TestDeriveSumsUpSessions(t *testing.T) {
	var out bytes.Buffer
	if err := derive(strings.NewReader(columns+
		"1;30;0;0;2;60.4;New_Visitor;TRUE;TRUE\n"+
		"0;0;2;10;3;20;New_Visitor;FALSE;FALSE\n"+
		"0;0;0;0;150;9000;Returning_Visitor;FALSE;TRUE\n"), &out); err != nil {
		t.Fatal(err)
	}
	want := header + strings.Join(visits.Columns(), ",") + `
new,2,2,1,1,2,2,2,3,3,3,3,3,1,1,1,2,2,2,2,2,30,30,30,90,90,90,90,90
returning,140,1,0,1,150,150,150,150,150,150,150,150,0,0,0,0,0,0,0,0,9000,9000,9000,9000,9000,9000,9000,9000
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if _, err := visits.Parse(&out); err != nil {
		t.Errorf("the table does not read back: %v", err)
	}
}

func TestDeriveRefusesAnotherFile(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"other columns", "a;b\n1;2\n", "column Administrative is missing: this is not the data set as UCI publishes it"},
		{"not a number", columns + "x;0;0;0;1;0;Other;FALSE;FALSE\n", `session 1: Administrative is "x"; want a number`},
		{"unknown visitor", columns + "0;0;0;0;1;0;Robot;FALSE;FALSE\n", `session 1: VisitorType "Robot" is unknown`},
	} {
		if err := derive(strings.NewReader(c.in), &bytes.Buffer{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}
