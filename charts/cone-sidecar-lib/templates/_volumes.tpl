{{/* The volumes of sidecar and app, for a pod's volumes. */}}
{{- define "cone-sidecar.volumes" -}}
{{- $values := .values -}}
# What the sidecar keeps: nobody else mounts it.
- name: cone-state
  {{- if $values.state.existingClaim }}
  persistentVolumeClaim:
    claimName: {{ $values.state.existingClaim | quote }}
  {{- else }}
  emptyDir:
    medium: Memory
    sizeLimit: {{ $values.state.sizeLimit }}
  {{- end }}
# The app's token: written by the sidecar, read by the app. A page of memory may have 64 KiB, and a new file needs its own.
{{- range prepend $values.moreProfiles $values.profile }}
- name: {{ include "cone-sidecar.tokenVolume" (dict "values" $values "profile" .) }}
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- end }}
{{- with $values.conductorone.existingSecret }}
{{- if .name }}
# Root's files, in a volume that the sidecar alone mounts: its user reads them as "others".
- name: cone-client
  secret:
    secretName: {{ .name | quote }}
    defaultMode: 0444
    items:
      - key: {{ .clientIdKey | quote }}
        path: client-id
      - key: {{ .clientSecretKey | quote }}
        path: client-secret
{{- end }}
{{- end }}
{{- with $values.conductorone.workloadIdentity }}
{{- if .clientId }}
# ConductorOne takes a token for ten minutes after it was made. Of the shortest that there are, which this is, the kubelet
# makes a new one after eight.
- name: cone-identity
  projected:
    defaultMode: 0444
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ .audience | default (regexReplaceAll "^.*@|[:/].*$" .clientId "") | quote }}
          expirationSeconds: 600
{{- end }}
{{- end }}
{{- with $values.token.existingSecret }}
{{- if .name }}
- name: cone-master
  secret:
    secretName: {{ .name | quote }}
    defaultMode: 0444
    items:
      - key: {{ .key | quote }}
        path: token
{{- end }}
{{- end }}
{{- if $values.podEvents.enabled }}
# The API server's token and authority, for the sidecar alone; the app's are switched off or its own.
- name: cone-api
  projected:
    defaultMode: 0444
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end }}
{{- end }}

{{/* What of them the sidecar mounts. */}}
{{- define "cone-sidecar.sidecarMounts" -}}
{{- $values := .values -}}
- name: cone-state
  mountPath: /var/lib/cone
{{- range prepend $values.moreProfiles $values.profile }}
{{- $of := dict "values" $values "profile" . }}
- name: {{ include "cone-sidecar.tokenVolume" $of }}
  mountPath: {{ include "cone-sidecar.tokenDirectory" $of }}
{{- end }}
{{- if $values.conductorone.existingSecret.name }}
- name: cone-client
  mountPath: /run/cone-client
  readOnly: true
{{- end }}
{{- if $values.conductorone.workloadIdentity.clientId }}
- name: cone-identity
  mountPath: /run/cone-identity
  readOnly: true
{{- end }}
{{- if $values.token.existingSecret.name }}
- name: cone-master
  mountPath: /run/cone-master
  readOnly: true
{{- end }}
{{- if $values.podEvents.enabled }}
- name: cone-api
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}
{{- end }}
