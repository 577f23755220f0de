{{/* Refuse values that can't work, by the name of what is missing or too much. */}}
{{- define "cone-sidecar.refuse" -}}
{{- $values := .values }}
{{- $secret := $values.conductorone.existingSecret.name }}
{{- $identity := $values.conductorone.workloadIdentity }}
{{- $_ := required "profile is needed: the profile whose credentials the app gets, such as production-admin" $values.profile }}
{{- $_ = required "identityCenter.startUrl is needed: the AWS access portal's start URL, such as https://acme.awsapps.com/start" $values.identityCenter.startUrl }}
{{- if not (or $secret $identity.clientId) }}
{{- fail "conductorone.existingSecret.name or conductorone.workloadIdentity.clientId is needed: a Secret with the keys client-id and client-secret of a ConductorOne personal client, or the client id of a workload's trust" }}
{{- else if and $secret $identity.clientId }}
{{- fail "conductorone.existingSecret and conductorone.workloadIdentity are both set: keep one of them" }}
{{- end }}
{{- if has $values.profile $values.moreProfiles }}
{{- fail (printf "moreProfiles: %s is the pod's profile already, take it out" $values.profile) }}
{{- end }}
{{- if eq (int $values.port) (int $values.managementPort) }}
{{- fail "port and managementPort are the same: choose two" }}
{{- end }}
{{- $set := list }}
{{- range include "cone-sidecar.settings" . | fromYamlArray }}
{{- if has .name $set }}
{{- /* The later one would win: a listener for everybody, for example. */ -}}
{{- fail (printf "env: %s is set already: use the value that it comes from" .name) }}
{{- end }}
{{- $set = append $set .name }}
{{- end }}
{{- end }}
