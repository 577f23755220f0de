{{/* The app's pod, with the sidecar: what a Deployment and a Job have in common. */}}
{{- define "cone-sidecar.pod" -}}
{{- $cone := dict "root" . "values" .Values.cone -}}
{{- $app := .Values.app -}}
metadata:
  labels:
    {{- merge (include "cone-sidecar.labels" . | fromYaml) $app.podLabels | toYaml | nindent 4 }}
  {{- with $app.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $app.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $app.serviceAccountName }}
  serviceAccountName: {{ quote . }}
  {{- end }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- if eq $app.kind "Job" }}
  restartPolicy: Never
  {{- end }}
  securityContext:
    runAsNonRoot: true
    {{- with $app.runAsUser }}
    runAsUser: {{ int64 . }}
    runAsGroup: {{ int64 . }}
    {{- end }}
    {{- with $app.fsGroup }}
    fsGroup: {{ int64 . }}
    {{- end }}
    # Else each start would open the kept sign-in to the group.
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with include "cone-sidecar.container" $cone }}
  initContainers:
    {{- . | nindent 4 }}
  {{- end }}
  containers:
    {{- with include "cone-sidecar.classicContainer" $cone }}
    {{- . | nindent 4 }}
    {{- end }}
    - name: app
      image: {{ $app.image | quote }}
      imagePullPolicy: {{ $app.imagePullPolicy }}
      {{- with $app.command }}
      command:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $app.args }}
      args:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "cone-sidecar.app" (merge (dict "env" $app.env "where" "app.env") $cone) | nindent 6 }}
      {{- with $app.ports }}
      ports:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $app.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        capabilities:
          drop: [ALL]
  volumes:
    {{- include "cone-sidecar.volumes" $cone | nindent 4 }}
{{- end }}
