{{/*
A CEL literal. Takes "value", as YAML says it, and "type": the Object type of what it becomes (Object.spec.volumes), or
map for maps of text alone.
@profile@ and @region@ in strings become what the pod asks for.
*/}}
{{- define "cone-sidecar.cel" -}}
{{- $type := .type }}
{{- $parts := list }}
{{- if kindIs "map" .value }}
{{- $plain := has (splitList "." $type | last) (list "map" "limits" "requests") }}
{{- range $key, $value := .value }}
{{- $value = $plain | ternary (toString $value) $value }}
{{- $name := $plain | ternary (toJson $key) $key }}
{{- $parts = append $parts (printf "%s: %s" $name (include "cone-sidecar.cel" (dict "value" $value "type" (printf "%s.%s" $type $key)))) }}
{{- end }}
{{- $open := $plain | ternary "{" (printf "%s{" $type) }}
{{- include "cone-sidecar.celLines" (dict "open" $open "parts" $parts "close" "}") }}
{{- else if kindIs "slice" .value }}
{{- range .value }}
{{- $parts = append $parts (include "cone-sidecar.cel" (dict "value" . "type" $type)) }}
{{- end }}
{{- include "cone-sidecar.celLines" (dict "open" "[" "parts" $parts "close" "]") }}
{{- else if kindIs "string" .value }}
{{- $text := toJson .value | replace "@profile@" "\" + variables.profile + \"" | replace "@region@" "\" + variables.region + \"" }}
{{- $text | replace " + \"\"" "" | replace "\"\" + " "" }}
{{- else if kindIs "bool" .value }}
{{- .value }}
{{- else }}
{{- int64 .value }}
{{- end }}
{{- end }}

{{/* Parts between brackets: on one line where that is short. */}}
{{- define "cone-sidecar.celLines" -}}
{{- $line := printf "%s%s%s" .open (join ", " .parts) .close }}
{{- if or (contains "\n" $line) (gt (len $line) 100) }}
{{- printf "%s\n%s\n%s" .open (join ",\n" .parts | indent 2) .close }}
{{- else }}
{{- $line }}
{{- end }}
{{- end }}
