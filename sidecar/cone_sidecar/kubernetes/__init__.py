"""The adapter to Kubernetes' API server: what a person has to do, as Events on the sidecar's own pod."""
