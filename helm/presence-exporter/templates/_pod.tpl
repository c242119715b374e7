{{/* The pod, the same in a Deployment and a StatefulSet. */}}

{{/* Annotations that change with what the pod reads, so that it is replaced. */}}
{{- define "presence-exporter.checksums" -}}
{{- if .Values.rollOnChange -}}
{{- $sums := dict -}}
{{- if .Values.config -}}
{{- $sums = set $sums "checksum/config" (include "presence-exporter.configFile" . | sha256sum) -}}
{{- end -}}
{{- $secret := include "presence-exporter.secretData" . -}}
{{- if ne $secret "{}" -}}
{{- $sums = set $sums "checksum/secret" ($secret | sha256sum) -}}
{{- end -}}
{{- with $sums -}}{{- toYaml . -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* A probe by HTTP, unless the user's own has a way of asking. Takes a list: the root, the probe, the path. */}}
{{- define "presence-exporter.probe" -}}
{{- $root := index . 0 -}}
{{- $probe := omit (index . 1) "enabled" -}}
{{- if not (or $probe.httpGet $probe.exec $probe.tcpSocket $probe.grpc) -}}
{{- $get := dict "path" (index . 2) "port" "http" "scheme" (include "presence-exporter.scheme" $root | upper) -}}
{{- $probe = set $probe "httpGet" $get -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}

{{- define "presence-exporter.volumes" -}}
{{- $sources := include "presence-exporter.etcSources" . -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if ne $sources "[]" }}
- name: etc
  projected:
    # Readable by the group of fsGroup, and by no other user.
    defaultMode: 0440
    sources:
      {{- $sources | nindent 6 }}
{{- end }}
{{- if and (eq .Values.ledger.kind "sqlite") .Values.persistence.existingClaim }}
- name: state
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim | quote }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "presence-exporter.container" -}}
name: exporter
image: {{ include "presence-exporter.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraArgs }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  {{- include "presence-exporter.env" . | nindent 2 }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - name: http
    containerPort: {{ .Values.containerPort }}
    protocol: TCP
{{- if .Values.startupProbe.enabled }}
startupProbe:
  {{- include "presence-exporter.probe" (list . .Values.startupProbe "/-/ready") | nindent 2 }}
{{- end }}
{{- if .Values.livenessProbe.enabled }}
livenessProbe:
  {{- include "presence-exporter.probe" (list . .Values.livenessProbe "/-/healthy") | nindent 2 }}
{{- end }}
{{- if .Values.readinessProbe.enabled }}
readinessProbe:
  {{- include "presence-exporter.probe" (list . .Values.readinessProbe "/-/ready") | nindent 2 }}
{{- end }}
{{- with .Values.lifecycle }}
lifecycle:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if ne (include "presence-exporter.etcSources" .) "[]" }}
  - name: etc
    mountPath: /etc/presence-exporter
    readOnly: true
  {{- end }}
  {{- if eq .Values.ledger.kind "sqlite" }}
  - name: state
    mountPath: /var/lib/presence-exporter
    {{- with .Values.persistence.subPath }}
    subPath: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "presence-exporter.podTemplate" -}}
metadata:
  labels:
    {{- include "presence-exporter.podLabels" . | nindent 4 }}
  {{- with include "presence-exporter.annotations" (list . (include "presence-exporter.checksums" . | fromYaml) .Values.podAnnotations) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "presence-exporter.serviceAccountName" . | quote }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "presence-exporter.imagePullSecrets" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- range $key := (list "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy") }}
  {{- with get $.Values $key }}
  {{ $key }}: {{ . | quote }}
  {{- end }}
  {{- end }}
  {{- range $key := (list "dnsConfig" "hostAliases" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "initContainers") }}
  {{- with get $.Values $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  containers:
    - {{- include "presence-exporter.container" . | nindent 6 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "presence-exporter.volumes" . | nindent 4 }}
{{- end -}}
