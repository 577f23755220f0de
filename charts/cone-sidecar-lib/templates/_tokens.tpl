{{/*
The name of the volume that holds a profile's token: that of "profile", else of the values' own. Refuses a profile that
the sidecar isn't told of.
*/}}
{{- define "cone-sidecar.tokenVolume" -}}
{{- $profile := .profile | default .values.profile }}
{{- if eq $profile .values.profile }}cone-token
{{- else if has $profile .values.moreProfiles }}cone-token-{{ sha256sum $profile | trunc 8 }}
{{- else }}{{ fail (printf "moreProfiles lacks %s, which a container of the pod is to get" $profile) }}
{{- end }}
{{- end }}

{{/* Where the sidecar mounts that volume; every app has its own at /run/cone-app. */}}
{{- define "cone-sidecar.tokenDirectory" -}}
/run/{{ include "cone-sidecar.tokenVolume" . | replace "token" "app" }}
{{- end }}

{{/* Which profile's token goes where, as CONE_PROFILE_TOKEN_FILE says it. */}}
{{- define "cone-sidecar.tokenFiles" -}}
{{- $files := list }}
{{- range prepend .values.moreProfiles .values.profile }}
{{- $files = append $files (printf "%s=%s/token" . (include "cone-sidecar.tokenDirectory" (dict "values" $.values "profile" .))) }}
{{- end }}
{{- join "," $files }}
{{- end }}
