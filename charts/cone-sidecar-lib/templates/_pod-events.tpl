{{/* The rules that podEvents needs, for a Role or a ClusterRole. */}}
{{- define "cone-sidecar.podEventsRules" -}}
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/*
A Role and its binding, for a chart whose pods have podEvents.enabled; nothing without. Takes "name" and
"serviceAccountName" as well.
*/}}
{{- define "cone-sidecar.podEventsRole" -}}
{{- if .values.podEvents.enabled -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .name }}
rules:
  {{- include "cone-sidecar.podEventsRules" . | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ required "podEvents.enabled needs a service account of the app's own: its name gets the right to write events" .serviceAccountName | quote }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
{{- end }}
