{{/*
The fields env and volumeMounts of an app's container. Takes what the container has of its own as "env" and "volumeMounts"
as well, and "profile" where the pod's containers have one each. Variables that would win over the sidecar are refused;
"where" says whose they are.
*/}}
{{- define "cone-sidecar.app" -}}
{{- include "cone-sidecar.refuseEnv" . -}}
env:
  {{- include "cone-sidecar.env" . | nindent 2 }}
  {{- with .env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  {{- include "cone-sidecar.volumeMounts" . | nindent 2 }}
  {{- with .volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/*
The variables that lead an app's AWS SDK to the sidecar and to nothing else, for its container's env. Where the pod's
containers have a profile each, it takes "profile" as well, as cone-sidecar.volumeMounts does. For containers whose own
lists stand in a template; cone-sidecar.app makes both.
*/}}
{{- define "cone-sidecar.env" -}}
{{- $values := .values -}}
- name: AWS_CONTAINER_CREDENTIALS_FULL_URI
  value: {{ printf "http://127.0.0.1:%d/credentials/%s" (int $values.port) (.profile | default $values.profile) | quote }}
- name: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  value: /run/cone-app/token
{{- with $values.token.existingSecret }}
{{- if .name }}
- name: AWS_CONTAINER_AUTHORIZATION_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .name | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
- name: AWS_REGION
  value: {{ $values.region | quote }}
- name: AWS_DEFAULT_REGION
  value: {{ $values.region | quote }}
- name: AWS_CONFIG_FILE
  value: /dev/null
- name: AWS_SHARED_CREDENTIALS_FILE
  value: /dev/null
- name: AWS_EC2_METADATA_DISABLED
  value: "true"
{{- range tuple "NO_PROXY" "no_proxy" }}
- name: {{ . }}
  value: {{ concat $values.noProxy (list "127.0.0.1" "localhost") | join "," | quote }}
{{- end }}
{{- end }}

{{/* The mount at which an app finds its token, for its container's volumeMounts. */}}
{{- define "cone-sidecar.volumeMounts" -}}
- name: {{ include "cone-sidecar.tokenVolume" . }}
  mountPath: /run/cone-app
  readOnly: true
{{- end }}

{{/* Names of variables that an SDK would obey in the sidecar's place, as JSON. */}}
{{- define "cone-sidecar.winningVariables" -}}
["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"]
{{- end }}

{{/* Refuse an app's own variables where they stand in the way; takes "env" and "where" as cone-sidecar.app does. */}}
{{- define "cone-sidecar.refuseEnv" -}}
{{- $winning := include "cone-sidecar.winningVariables" . | fromJsonArray }}
{{- $set := list }}
{{- range include "cone-sidecar.env" . | fromYamlArray }}
{{- $set = append $set .name }}
{{- end }}
{{- $where := .where | default "env" }}
{{- range .env }}
{{- if has .name $winning }}
{{- fail (printf "%s: %s would win over the sidecar: take it out" $where .name) }}
{{- else if has .name $set }}
{{- fail (printf "%s: %s is set for the sidecar: use profile, region, noProxy or token" $where .name) }}
{{- end }}
{{- end }}
{{- end }}
