{{/* What the policy works with: the library's own templates, for a profile that is known when a pod comes. */}}
{{- define "cone-sidecar.injected" -}}
{{- $asked := dict "profile" "@profile@" "region" "@region@" "native" true "token" (dict "fileMode" "0444") }}
{{- mergeOverwrite (deepCopy .Values.cone) $asked | toYaml }}
{{- end }}

{{/* The app's variables as a list of maps. */}}
{{- define "cone-sidecar.celEnv" -}}
{{- $cone := dict "root" . "values" (include "cone-sidecar.injected" . | fromYaml) }}
{{- include "cone-sidecar.cel" (dict "value" (include "cone-sidecar.env" $cone | fromYamlArray) "type" "map") }}
{{- end }}

{{/* The patches, one list of JSONPatch; the app's containers first, since ours moves the init containers. */}}
{{- define "cone-sidecar.patches" -}}
{{- $cone := dict "root" . "values" (include "cone-sidecar.injected" . | fromYaml) }}
{{- $lists := list }}
{{- range $list := list "containers" "initContainers" }}
{{- $lists = append $lists (include "cone-sidecar.containerPatches" (merge (dict "list" $list) $cone)) }}
{{- end }}
{{- $lists = append $lists (include "cone-sidecar.absentPatch" "volumes") }}
{{- range include "cone-sidecar.volumes" $cone | fromYamlArray }}
{{- $there := printf "object.spec.?volumes.orValue([]).exists(v, v.name == %q)" .name }}
{{- $value := include "cone-sidecar.cel" (dict "value" . "type" "Object.spec.volumes") }}
{{- $lists = append $lists (printf "(%s ? [] : [JSONPatch{\n  op: \"add\", path: \"/spec/volumes/-\",\n  value: %s\n}])" $there ($value | indent 2 | trim)) }}
{{- end }}
{{- $lists = append $lists (include "cone-sidecar.absentPatch" "initContainers") }}
{{- $container := include "cone-sidecar.container" $cone | fromYamlArray | first }}
{{- $value := include "cone-sidecar.cel" (dict "value" $container "type" "Object.spec.initContainers") }}
{{- $lists = append $lists (printf "(variables.hasSidecar ? [] : [JSONPatch{\n  op: \"add\", path: \"/spec/initContainers/0\",\n  value: %s\n}])" ($value | indent 2 | trim)) }}
{{- join " +\n" $lists }}
{{- end }}

{{/* The patches for the app's containers in the list "list": variables that they haven't, and where the token is. */}}
{{- define "cone-sidecar.containerPatches" -}}
{{- $mount := include "cone-sidecar.volumeMounts" . | fromYamlArray | first -}}
variables.{{ .list }}.map(i, JSONPatch{
  op: "add", path: "/spec/{{ .list }}/" + string(i) + "/env",
  value: variables.env.filter(ours, !object.spec.{{ .list }}[i].?env.orValue([]).exists(e,
      {{ include "cone-sidecar.celPair" "e.name" }} == {{ include "cone-sidecar.celPair" "ours.name" }})) +
    object.spec.{{ .list }}[i].?env.orValue([])
}) +
variables.{{ .list }}.filter(i, !has(object.spec.{{ .list }}[i].volumeMounts)).map(i, JSONPatch{
  op: "add", path: "/spec/{{ .list }}/" + string(i) + "/volumeMounts", value: []
}) +
variables.{{ .list }}.map(i, JSONPatch{
  op: "add", path: "/spec/{{ .list }}/" + string(i) + "/volumeMounts/-",
  value: {{ include "cone-sidecar.cel" (dict "value" $mount "type" (printf "Object.spec.%s.volumeMounts" .list)) | indent 2 | trim }}
})
{{- end }}

{{/*
What two variables have in common of which SDKs read the one or the other: AWS_REGION and AWS_DEFAULT_REGION, NO_PROXY and
no_proxy. Where a container has one of its own, ours would win over it for some.
*/}}
{{- define "cone-sidecar.celPair" -}}
{{ . }}.upperAscii().replace("_DEFAULT_", "_")
{{- end }}

{{/* A patch that makes the list "." of a pod where there is none. */}}
{{- define "cone-sidecar.absentPatch" -}}
(has(object.spec.{{ . }}) ? [] : [JSONPatch{op: "add", path: "/spec/{{ . }}", value: []}])
{{- end }}

{{/* The indices of the containers in the list "list" of a pod that are to get the app's variables. */}}
{{- define "cone-sidecar.celIndices" -}}
{{- $excluded := append .root.Values.admission.excludedContainers "cone" | toJson -}}
variables.indices.filter(i, i < size(object.spec.?{{ .list }}.orValue([])) &&
  !(object.spec.{{ .list }}[i].name in {{ $excluded }}) &&
  !object.spec.{{ .list }}[i].?env.orValue([]).exists(e, e.name == "AWS_CONTAINER_CREDENTIALS_FULL_URI"))
{{- end }}

{{/* Whether an annotation names a profile: what stands in URLs as it is. */}}
{{- define "cone-sidecar.celProfile" -}}
object.metadata.?annotations[?"cone-sidecar/profile"].orValue("")
{{- end }}
{{- define "cone-sidecar.celProfileIsValid" -}}
string({{ include "cone-sidecar.celProfile" . }}).matches("^[A-Za-z0-9._~-]{1,128}$")
{{- end }}

{{/* Whether the sidecar, which is Linux, can be in the pod. */}}
{{- define "cone-sidecar.celIsNotForWindows" -}}
object.spec.?os.?name.orValue("") != "windows" &&
object.spec.?nodeSelector[?"kubernetes.io/os"].orValue("") != "windows"
{{- end }}

{{/* Whether the name of the sidecar is free among the pod's containers. */}}
{{- define "cone-sidecar.celNameIsFree" -}}
object.spec.containers.all(c, c.name != "cone")
{{- end }}

{{- define "cone-sidecar.podsThatAsk" -}}
matchLabels: {cone-sidecar/inject: "true"}
{{- end }}

{{/* Which pods: both policies and their bindings go by these. */}}
{{- define "cone-sidecar.matchConstraints" -}}
namespaceSelector:
  matchLabels: {cone-sidecar/injection: enabled}
objectSelector:
  {{- include "cone-sidecar.podsThatAsk" . | nindent 2 }}
resourceRules:
  - apiGroups: [""]
    apiVersions: [v1]
    operations: [CREATE]
    resources: [pods]
{{- end }}

{{/* The version in which this cluster serves mutating policies. */}}
{{- define "cone-sidecar.mutatingVersion" -}}
{{- $found := "" }}
{{- range list "v1alpha1" "v1beta1" "v1" }}
{{- if $.Capabilities.APIVersions.Has (printf "admissionregistration.k8s.io/%s/MutatingAdmissionPolicy" .) }}
{{- $found = . }}
{{- end }}
{{- end }}
{{- required "admission.enabled: this cluster serves no MutatingAdmissionPolicy (by itself since Kubernetes 1.36); without a cluster, helm template needs --api-versions admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" $found }}
{{- end }}
