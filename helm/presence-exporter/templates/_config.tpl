{{/* Where the exporter's configuration comes from, and what of it is mounted below /etc/presence-exporter. */}}

{{/* StatefulSet or Deployment. */}}
{{- define "presence-exporter.workloadKind" -}}
{{- if .Values.workload.kind -}}
{{- .Values.workload.kind -}}
{{- else if eq .Values.ledger.kind "sqlite" -}}
StatefulSet
{{- else -}}
Deployment
{{- end -}}
{{- end -}}

{{/* demo, file, existing or environment; empty where nothing is configured. */}}
{{- define "presence-exporter.modes" -}}
{{- $modes := list -}}
{{- if .Values.demo -}}{{- $modes = append $modes "demo" -}}{{- end -}}
{{- if .Values.config -}}{{- $modes = append $modes "config" -}}{{- end -}}
{{- if or .Values.existingConfig.secret .Values.existingConfig.configMap -}}{{- $modes = append $modes "existingConfig" -}}{{- end -}}
{{- if or .Values.daily.enabled .Values.rocketchat.enabled -}}{{- $modes = append $modes "environment" -}}{{- end -}}
{{- join "," $modes -}}
{{- end -}}

{{/* The configuration file: what the user wrote, and the address of the ledger. */}}
{{- define "presence-exporter.configFile" -}}
{{- $config := deepCopy .Values.config -}}
{{- $ledger := deepCopy (get $config "ledger" | default dict) -}}
{{- if eq .Values.ledger.kind "sqlite" -}}
{{- $ledger = set $ledger "url" "sqlite:////var/lib/presence-exporter/ledger.db" -}}
{{- else if eq .Values.ledger.kind "postgresql" -}}
{{- if .Values.ledger.url.file -}}
{{- $ledger = set $ledger "url_file" .Values.ledger.url.file -}}
{{- else -}}
{{- $ledger = set $ledger "url_file" "secrets/ledger-url" -}}
{{- end -}}
{{- end -}}
{{- if $ledger -}}{{- $config = set $config "ledger" $ledger -}}{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Every credential in use as a mapping of its file's name to {existingSecret, file, value}, as YAML. */}}
{{- define "presence-exporter.credentials" -}}
{{- $all := dict -}}
{{- $modes := include "presence-exporter.modes" . -}}
{{- if .Values.daily.enabled -}}
{{- $all = set $all "daily-api-key" .Values.daily.apiKey -}}
{{- end -}}
{{- if .Values.rocketchat.enabled -}}
{{- $all = set $all "rocketchat-user-id" .Values.rocketchat.userId -}}
{{- $all = set $all "rocketchat-auth-token" .Values.rocketchat.authToken -}}
{{- end -}}
{{- if or (contains "onfig" $modes) (not $modes) -}}
{{- range $name, $credential := .Values.credentials -}}
{{- $all = set $all $name $credential -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.ledger.kind "postgresql" -}}
{{- $all = set $all "ledger-url" .Values.ledger.url -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* The data of the chart's own Secret: inline credentials and the inline web configuration; YAML. */}}
{{- define "presence-exporter.secretData" -}}
{{- $data := dict -}}
{{- range $name, $credential := (include "presence-exporter.credentials" . | fromYaml) -}}
{{- with $credential.value -}}
{{- $data = set $data $name (. | b64enc) -}}
{{- end -}}
{{- end -}}
{{- with .Values.web.config.value -}}
{{- $data = set $data "web.yml" (toYaml . | b64enc) -}}
{{- end -}}
{{- toYaml $data -}}
{{- end -}}

{{/* http or https, as the exporter answers. */}}
{{- define "presence-exporter.scheme" -}}
{{- if or .Values.web.config.tls (hasKey (.Values.web.config.value | default dict) "tls_server_config") -}}https{{- else -}}http{{- end -}}
{{- end -}}

{{- define "presence-exporter.hasWebConfig" -}}
{{- if or .Values.web.config.existingSecret.name .Values.web.config.value -}}true{{- end -}}
{{- end -}}

{{/* The sources of the one volume at /etc/presence-exporter. One volume, and no subPath, so that all of it is
     replaced at once when something changes; as YAML, a list. */}}
{{- define "presence-exporter.etcSources" -}}
{{- $root := . -}}
{{- $own := include "presence-exporter.fullname" . -}}
{{- $sources := list -}}
{{- if .Values.config -}}
{{- $sources = append $sources (dict "configMap" (dict "name" $own "items" (list (dict "key" "config.yml" "path" "config.yml")))) -}}
{{- end -}}
{{- $item := list (dict "key" .Values.existingConfig.key "path" "config.yml") -}}
{{- with .Values.existingConfig.secret -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $item)) -}}
{{- end -}}
{{- with .Values.existingConfig.configMap -}}
{{- $sources = append $sources (dict "configMap" (dict "name" . "items" $item)) -}}
{{- end -}}
{{- range $name, $credential := (include "presence-exporter.credentials" . | fromYaml) -}}
{{- $path := printf "secrets/%s" $name -}}
{{- if $credential.value -}}
{{- $sources = append $sources (dict "secret" (dict "name" $own "items" (list (dict "key" $name "path" $path)))) -}}
{{- else if (get $credential "existingSecret" | default dict).name -}}
{{- $secret := $credential.existingSecret -}}
{{- $sources = append $sources (dict "secret" (dict "name" $secret.name "items" (list (dict "key" $secret.key "path" $path)))) -}}
{{- end -}}
{{- end -}}
{{- if .Values.web.config.value -}}
{{- $sources = append $sources (dict "secret" (dict "name" $own "items" (list (dict "key" "web.yml" "path" "web/web.yml")))) -}}
{{- else if .Values.web.config.existingSecret.name -}}
{{- $secret := .Values.web.config.existingSecret -}}
{{- $sources = append $sources (dict "secret" (dict "name" $secret.name "items" (list (dict "key" $secret.key "path" "web/web.yml")))) -}}
{{- end -}}
{{- with .Values.web.config.certificateSecret -}}
{{- $items := list -}}
{{- range $key := $root.Values.web.config.certificateKeys -}}
{{- $items = append $items (dict "key" $key "path" (printf "web/tls/%s" $key)) -}}
{{- end -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $items)) -}}
{{- end -}}
{{- toYaml $sources -}}
{{- end -}}

{{/* Where a credential of a source without a file is. Takes a list: its value, and its file's name. */}}
{{- define "presence-exporter.credentialPath" -}}
{{- $credential := index . 0 -}}
{{- if $credential.file -}}{{- $credential.file -}}{{- else -}}/etc/presence-exporter/secrets/{{ index . 1 }}{{- end -}}
{{- end -}}

{{/* The environment, each name once: the chart's, and over it the user's. Flags are given by their twins, so that
     commands that are run inside the container find the same. */}}
{{- define "presence-exporter.env" -}}
{{- $env := dict -}}
{{- $names := list -}}
{{- $values := .Values -}}
{{- $ours := dict
  "PRESENCE_EXPORTER_LOG_FORMAT" $values.log.format
  "PRESENCE_EXPORTER_LOG_LEVEL" $values.log.level
  "PRESENCE_EXPORTER_TIMEOUT_OFFSET" (printf "%v" $values.timeoutOffset)
  "PRESENCE_EXPORTER_WEB_DISABLE_EXPORTER_METRICS" (printf "%v" $values.web.disableExporterMetrics)
  "PRESENCE_EXPORTER_WEB_DISABLE_SOURCE_METRICS" (printf "%v" $values.web.disableSourceMetrics)
  "PRESENCE_EXPORTER_WEB_LISTEN_ADDRESS" (join " " (default (list (printf ":%d" ($values.containerPort | int))) $values.web.listenAddresses))
  "PRESENCE_EXPORTER_WEB_MAX_REQUESTS" (printf "%d" ($values.web.maxRequests | int64))
  "PRESENCE_EXPORTER_WEB_TELEMETRY_PATH" $values.web.telemetryPath
-}}
{{- with $values.web.externalUrl -}}{{- $ours = set $ours "PRESENCE_EXPORTER_WEB_EXTERNAL_URL" . -}}{{- end -}}
{{- if include "presence-exporter.hasWebConfig" . -}}
{{- $ours = set $ours "PRESENCE_EXPORTER_WEB_CONFIG_FILE" "/etc/presence-exporter/web/web.yml" -}}
{{- end -}}
{{- if $values.demo -}}{{- $ours = set $ours "PRESENCE_EXPORTER_DEMO" "true" -}}{{- end -}}
{{- if contains "onfig" (include "presence-exporter.modes" .) -}}
{{- $ours = set $ours "PRESENCE_EXPORTER_CONFIG_FILE" "/etc/presence-exporter/config.yml" -}}
{{- end -}}
{{- if $values.daily.enabled -}}
{{- $ours = set $ours "DAILY_API_KEY_FILE" (include "presence-exporter.credentialPath" (list $values.daily.apiKey "daily-api-key")) -}}
{{- with $values.daily.url -}}{{- $ours = set $ours "DAILY_API_URL" . -}}{{- end -}}
{{- end -}}
{{- if $values.rocketchat.enabled -}}
{{- $ours = set $ours "ROCKETCHAT_URL" $values.rocketchat.url -}}
{{- $ours = set $ours "ROCKETCHAT_USER_ID_FILE" (include "presence-exporter.credentialPath" (list $values.rocketchat.userId "rocketchat-user-id")) -}}
{{- $ours = set $ours "ROCKETCHAT_AUTH_TOKEN_FILE" (include "presence-exporter.credentialPath" (list $values.rocketchat.authToken "rocketchat-auth-token")) -}}
{{- end -}}
{{- range $name, $value := $ours -}}
{{- $names = append $names $name -}}
{{- $env = set $env $name (dict "name" $name "value" $value) -}}
{{- end -}}
{{- range $values.extraEnv -}}
{{- if not (hasKey $env .name) -}}{{- $names = append $names .name -}}{{- end -}}
{{- $env = set $env .name . -}}
{{- end -}}
{{- $list := list -}}
{{- range $names -}}{{- $list = append $list (get $env .) -}}{{- end -}}
{{- toYaml $list -}}
{{- end -}}
