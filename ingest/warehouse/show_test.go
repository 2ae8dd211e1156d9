package warehouse_test

import (
	"fmt"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// newOf is a pointer to scan a column of any type into.
func newOf(column driver.ColumnType) any { return reflect.New(column.ScanType()).Interface() }

// show writes a scanned value as a reader of the test expects it.
func show(pointer any) string {
	value := reflect.ValueOf(pointer).Elem()
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return "null"
		}
		value = value.Elem()
	}
	if at, ok := value.Interface().(time.Time); ok {
		return at.UTC().Format("2006-01-02T15:04:05.000")
	}
	return fmt.Sprint(value.Interface())
}
