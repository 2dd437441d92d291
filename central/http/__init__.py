"""The HTTP interface (docs/openapi.yaml): who may ask, JSON in and out, the routes between."""
