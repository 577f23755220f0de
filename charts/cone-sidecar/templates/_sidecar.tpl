{{/* The sidecar's container, to stand under initContainers: it starts before the app and ends after it. */}}
{{- define "cone-sidecar.container" -}}
name: cone
image: {{ printf "%s:%s" .Values.sidecar.image.repository (.Values.sidecar.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.sidecar.image.pullPolicy }}
restartPolicy: Always
args:
  - serve
  - --listen=127.0.0.1:{{ .Values.sidecar.port }}
  - --management-listen=127.0.0.1:{{ .Values.sidecar.managementPort }}
  - --token-file=/run/cone/token
env:
  {{- with .Values.conductorone }}
  {{- with .apiEndpoint }}
  - name: CONE_API_ENDPOINT
    value: {{ . | quote }}
  {{- end }}
  - name: CONE_CLIENT_ID
    valueFrom:
      secretKeyRef:
        name: {{ required "conductorone.existingSecret.name is needed: make a Secret with the keys client-id and client-secret of a ConductorOne personal client, and name it" .existingSecret.name | quote }}
        key: {{ .existingSecret.clientIdKey | quote }}
  - name: CONE_CLIENT_SECRET
    valueFrom:
      secretKeyRef:
        name: {{ .existingSecret.name | quote }}
        key: {{ .existingSecret.clientSecretKey | quote }}
  {{- end }}
  - name: CONE_SSO_URL
    value: {{ required "identityCenter.startUrl is needed: the AWS access portal's start URL, such as https://acme.awsapps.com/start" .Values.identityCenter.startUrl | quote }}
  - name: CONE_SSO_REGION
    value: {{ .Values.identityCenter.region | quote }}
  {{- with .Values.sidecar.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
# The listeners are on loopback, where a kubelet's own HTTP probes can't reach them. /livez tells that the process
# answers, and nothing about people: a pod that waits for an approval is alive.
startupProbe:
  exec:
    command: [cone, healthcheck]
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 30
livenessProbe:
  exec:
    command: [cone, healthcheck]
  periodSeconds: 30
  timeoutSeconds: 5
  failureThreshold: 3
resources:
  {{- toYaml .Values.sidecar.resources | nindent 2 }}
securityContext:
  {{- include "cone-sidecar.securityContext" . | nindent 2 }}
  readOnlyRootFilesystem: true
volumeMounts:
  - name: cone-state
    mountPath: /var/lib/cone
  - name: cone-token
    mountPath: /run/cone
    readOnly: {{ ne .Values.authorizationToken.existingSecret.name "" }}
{{- end }}

{{/* What the "restricted" pod security standard asks of each container. */}}
{{- define "cone-sidecar.securityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where the sidecar keeps its state, and where the app finds the token. */}}
{{- define "cone-sidecar.volumes" -}}
- name: cone-state
  {{- if .Values.state.existingClaim }}
  persistentVolumeClaim:
    claimName: {{ .Values.state.existingClaim | quote }}
  {{- else }}
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.state.sizeLimit }}
  {{- end }}
- name: cone-token
  {{- with .Values.authorizationToken.existingSecret }}
  {{- if .name }}
  secret:
    secretName: {{ .name | quote }}
    defaultMode: 0440
    items:
      - key: {{ .key | quote }}
        path: token
  {{- else }}
  emptyDir:
    medium: Memory
    sizeLimit: 64Ki
  {{- end }}
  {{- end }}
{{- end }}
