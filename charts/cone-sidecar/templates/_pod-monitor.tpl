{{/* A PodMonitor; takes "name", and which pods as "selector". */}}
{{- define "cone-sidecar.podMonitor" -}}
{{- if not .root.Values.cone.metrics.enabled }}
{{- fail "podMonitor.enabled needs cone.metrics.enabled: on loopback nobody else can read /metrics" }}
{{- end -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ .name }}
  labels:
    {{- merge (include "cone-sidecar.labels" .root | fromYaml) .root.Values.podMonitor.labels | toYaml | nindent 4 }}
spec:
  {{- toYaml .selector | nindent 2 }}
  podMetricsEndpoints:
    - port: cone-metrics
      path: /metrics
      interval: {{ .root.Values.podMonitor.interval }}
{{- end }}
