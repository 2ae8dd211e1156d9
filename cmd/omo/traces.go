package main

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// openTraces sends traces to an OpenTelemetry collector where the environment
// names one (OTEL_EXPORTER_OTLP_ENDPOINT, or …_TRACES_ENDPOINT); without it
// there is no tracer at all. The SDK reads its other variables itself.
func (a *app) openTraces(ctx context.Context) (trace.Tracer, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces cannot be sent: %w; correct OTEL_EXPORTER_OTLP_ENDPOINT (http://host:4318), or unset it", err)
	}
	of, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("omotenashi")), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: %w; correct OTEL_RESOURCE_ATTRIBUTES", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(of))
	a.later("traces", func(ctx context.Context) error {
		if err := provider.Shutdown(ctx); err != nil {
			a.log.Warn("the last traces could not be sent", "error", err)
		}
		return nil
	})
	return provider.Tracer("omotenashi"), nil
}
