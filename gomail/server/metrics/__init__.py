"""What monitoring is told: metrics for Prometheus, and the answers that load balancers ask for."""
