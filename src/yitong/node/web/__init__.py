"""The HTTP edge of a node: routes, rights, problem documents. What happens behind a route is a flow."""
