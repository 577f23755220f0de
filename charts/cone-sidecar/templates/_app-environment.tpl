{{/* The variables that lead an AWS SDK to the sidecar and to nothing else. */}}
{{- define "cone-sidecar.appEnvironment" -}}
- name: AWS_CONTAINER_CREDENTIALS_FULL_URI
  value: {{ printf "http://127.0.0.1:%d/credentials/%s" (int .Values.sidecar.port) (required "app.profile is needed: the profile whose credentials the app gets, such as production-admin" .Values.app.profile) | quote }}
- name: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  value: /run/cone/token
{{- with .Values.authorizationToken.existingSecret }}
{{- if .name }}
- name: AWS_CONTAINER_AUTHORIZATION_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .name | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
- name: AWS_REGION
  value: {{ .Values.app.region | quote }}
- name: AWS_DEFAULT_REGION
  value: {{ .Values.app.region | quote }}
- name: AWS_CONFIG_FILE
  value: /dev/null
- name: AWS_SHARED_CREDENTIALS_FILE
  value: /dev/null
- name: AWS_EC2_METADATA_DISABLED
  value: "true"
{{- range tuple "NO_PROXY" "no_proxy" }}
- name: {{ . }}
  value: {{ concat $.Values.app.noProxy (list "127.0.0.1" "localhost") | join "," | quote }}
{{- end }}
{{- end }}

{{/* Refuse variables of the app that the chart sets, or that an SDK would obey in the sidecar's place. */}}
{{- define "cone-sidecar.refuseForeignEnvironment" -}}
{{- $winning := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" "AWS_SESSION_TOKEN" "AWS_SECURITY_TOKEN" "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" "AWS_WEB_IDENTITY_TOKEN_FILE" "AWS_ROLE_ARN" "AWS_PROFILE" "AWS_DEFAULT_PROFILE" }}
{{- $set := list "AWS_CONTAINER_CREDENTIALS_FULL_URI" "AWS_CONTAINER_AUTHORIZATION_TOKEN" "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" "AWS_REGION" "AWS_DEFAULT_REGION" "AWS_CONFIG_FILE" "AWS_SHARED_CREDENTIALS_FILE" "AWS_EC2_METADATA_DISABLED" "NO_PROXY" "no_proxy" }}
{{- range .Values.app.env }}
{{- if has .name $winning }}
{{- fail (printf "app.env: %s would win over the sidecar: take it out" .name) }}
{{- else if has .name $set }}
{{- fail (printf "app.env: %s is set by the chart: use app.profile, app.region, app.noProxy or authorizationToken" .name) }}
{{- end }}
{{- end }}
{{- end }}
