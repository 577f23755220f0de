{{/* What the sidecar is told: its own variables. */}}
{{- define "cone-sidecar.settings" -}}
{{- $values := .values -}}
{{- $conductorone := $values.conductorone -}}
{{- with $conductorone.apiEndpoint -}}
- name: CONE_API_ENDPOINT
  value: {{ . | quote }}
{{ end -}}
{{- with $conductorone.existingSecret.name -}}
- name: CONE_CLIENT_ID_FILE
  value: /run/cone-client/client-id
- name: CONE_CLIENT_SECRET_FILE
  value: /run/cone-client/client-secret
{{ end -}}
{{- with $conductorone.workloadIdentity.clientId -}}
- name: CONDUCTORONE_CLIENT_ID
  value: {{ . | quote }}
- name: CONDUCTORONE_OIDC_TOKEN_FILE
  value: /run/cone-identity/token
{{ end -}}
- name: CONE_SSO_URL
  value: {{ $values.identityCenter.startUrl | quote }}
- name: CONE_SSO_REGION
  value: {{ $values.identityCenter.region | quote }}
- name: CONE_LISTEN
  value: {{ printf "127.0.0.1:%d" (int $values.port) | quote }}
- name: CONE_MANAGEMENT_LISTEN
  value: {{ printf "%s:%d" ($values.metrics.enabled | ternary $values.metrics.address "127.0.0.1") (int $values.managementPort) | quote }}
# The token that opens every profile stays with the sidecar; the app gets the one that opens its own.
- name: CONE_TOKEN_FILE
  value: ""
{{- if $values.token.existingSecret.name }}
- name: CONE_AUTHORIZATION_TOKEN_FILE
  value: /run/cone-master/token
{{- end }}
- name: CONE_PROFILE_TOKEN_FILE
  value: {{ include "cone-sidecar.tokenFiles" . | quote }}
- name: CONE_TOKEN_FILE_MODE
  value: {{ $values.token.fileMode | quote }}
{{- if $values.prefetch }}
- name: CONE_PREFETCH
  value: {{ prepend $values.moreProfiles $values.profile | join "," | quote }}
{{- end }}
{{- if $values.podEvents.enabled }}
- name: CONE_POD_EVENTS
  value: "true"
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- end }}
{{- with $values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}
