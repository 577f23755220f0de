{{/*
The sidecar, for a pod's initContainers: it starts before what stands below it, and ends after the app. Prints nothing
where the cluster doesn't know such containers. Each template here takes (dict "root" $ "values" <the values>).
*/}}
{{- define "cone-sidecar.container" -}}
{{- include "cone-sidecar.refuse" . }}
{{- if include "cone-sidecar.native" . -}}
- {{ include "cone-sidecar.containerFields" . | indent 2 | trim }}
  restartPolicy: Always
{{- end }}
{{- end }}

{{/* The sidecar for a pod's containers, where the cluster doesn't know the other kind; nothing elsewhere. */}}
{{- define "cone-sidecar.classicContainer" -}}
{{- include "cone-sidecar.refuse" . }}
{{- if not (include "cone-sidecar.native" .) -}}
- {{ include "cone-sidecar.containerFields" . | indent 2 | trim }}
{{- end }}
{{- end }}

{{/* "true" where init containers may go on running: by default since Kubernetes 1.29. */}}
{{- define "cone-sidecar.native" -}}
{{- $known := semverCompare ">=1.29.0-0" .root.Capabilities.KubeVersion.Version }}
{{- if eq "auto" (toString .values.native) | ternary $known (eq "true" (toString .values.native)) }}true{{ end }}
{{- end }}

{{- define "cone-sidecar.image" -}}
{{- $image := .values.image }}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}
{{- else }}{{ $image.repository }}:{{ $image.tag | default "0.1.0" }}
{{- end }}
{{- end }}

{{- define "cone-sidecar.containerFields" -}}
{{- $values := .values -}}
name: cone
image: {{ include "cone-sidecar.image" . | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
args: [serve]
env:
  {{- include "cone-sidecar.settings" . | nindent 2 }}
{{- if $values.metrics.enabled }}
ports:
  - name: cone-metrics
    containerPort: {{ $values.managementPort }}
{{- end }}
# Listeners on loopback can't be reached by a kubelet's own HTTP probes. /livez, which this asks, says that the process
# answers, and nothing about people: a pod that waits for an approval is alive.
startupProbe:
  exec:
    command: [cone, healthcheck]
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
{{- if $values.livenessProbe }}
livenessProbe:
  exec:
    command: [cone, healthcheck]
  periodSeconds: 60
  timeoutSeconds: 10
  failureThreshold: 5
{{- end }}
{{- with $values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
# What the "restricted" pod security standard asks for, whatever the pod says.
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  {{- with $values.runAsUser }}
  runAsUser: {{ int64 . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
volumeMounts:
  {{- include "cone-sidecar.sidecarMounts" . | nindent 2 }}
{{- end }}
