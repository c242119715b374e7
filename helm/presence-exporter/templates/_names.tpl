{{/* What things are called, and the labels that they carry. */}}

{{- define "presence-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's where that is not in it already. */}}
{{- define "presence-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The full name with a suffix, cut before the suffix, so that two of them never become one.
     Takes a list: the root, and the suffix. */}}
{{- define "presence-exporter.suffixed" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
{{- $room := sub 62 (len $suffix) | int -}}
{{- printf "%s-%s" (include "presence-exporter.fullname" $root | trunc $room | trimSuffix "-") $suffix -}}
{{- end -}}

{{/* Pods of a StatefulSet carry its name, a dash and a hash of ten letters as a label, which has 63 at most. */}}
{{- define "presence-exporter.statefulSetName" -}}
{{- include "presence-exporter.fullname" . | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "presence-exporter.headlessName" -}}
{{- include "presence-exporter.suffixed" (list . "pods") -}}
{{- end -}}

{{- define "presence-exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "presence-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "presence-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Only these select pods, since selectors cannot be changed later. */}}
{{- define "presence-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "presence-exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Labels of pods: nothing that changes with the chart alone, so that its upgrade replaces no pod for that. */}}
{{- define "presence-exporter.podLabels" -}}
{{- $labels := mergeOverwrite (deepCopy (.Values.commonLabels | default dict)) (deepCopy (.Values.podLabels | default dict)) -}}
{{- $labels = set $labels "app.kubernetes.io/component" "exporter" -}}
{{- toYaml (mergeOverwrite $labels (include "presence-exporter.selectorLabels" . | fromYaml)) -}}
{{- end -}}

{{- define "presence-exporter.labelsOfAll" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/part-of: {{ include "presence-exporter.name" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* All labels of an object, as YAML without a repeated key. Takes a list: the root, the component, and any
     number of mappings, of which the later wins. */}}
{{- define "presence-exporter.labels" -}}
{{- $root := index . 0 -}}
{{- $labels := dict "app.kubernetes.io/component" (index . 1) -}}
{{- $labels = mergeOverwrite $labels (include "presence-exporter.labelsOfAll" $root | fromYaml) -}}
{{- $labels = mergeOverwrite $labels (deepCopy ($root.Values.commonLabels | default dict)) -}}
{{- range (slice . 2) -}}
{{- $labels = mergeOverwrite $labels (deepCopy (. | default dict)) -}}
{{- end -}}
{{- $labels = mergeOverwrite $labels (include "presence-exporter.selectorLabels" $root | fromYaml) -}}
{{- toYaml $labels -}}
{{- end -}}

{{/* Annotations of an object, or nothing. Takes a list: the root, and any number of mappings. */}}
{{- define "presence-exporter.annotations" -}}
{{- $root := index . 0 -}}
{{- $annotations := deepCopy ($root.Values.commonAnnotations | default dict) -}}
{{- range (slice . 1) -}}
{{- $annotations = mergeOverwrite $annotations (deepCopy (. | default dict)) -}}
{{- end -}}
{{- if $annotations -}}
annotations:
  {{- toYaml $annotations | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* Labels with which an operator of Prometheus selects our objects. Takes a list: the root, more labels. */}}
{{- define "presence-exporter.operatorLabels" -}}
{{- $root := index . 0 -}}
{{- $labels := dict -}}
{{- with $root.Values.prometheusOperator.releaseLabel -}}
{{- $labels = dict "release" . -}}
{{- end -}}
{{- toYaml (mergeOverwrite $labels (deepCopy (index . 1 | default dict))) -}}
{{- end -}}

{{/* registry/repository:tag@digest; with a digest and no tag of the user's the digest alone. */}}
{{- define "presence-exporter.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry ((.Values.global | default dict).imageRegistry) -}}
{{- $name := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne ($registry | default "") "") -}}
{{- if and $image.digest (not $image.tag) -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else if $image.digest -}}
{{- printf "%s:%s@%s" $name $image.tag $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "presence-exporter.imagePullSecrets" -}}
{{- $secrets := list -}}
{{- range (concat ((.Values.global | default dict).imagePullSecrets | default list) (.Values.imagePullSecrets | default list)) -}}
{{- if kindIs "string" . -}}
{{- $secrets = append $secrets (dict "name" .) -}}
{{- else -}}
{{- $secrets = append $secrets . -}}
{{- end -}}
{{- end -}}
{{- with uniq $secrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* true for a number or a share, 0 among them; empty for an empty value and for null. */}}
{{- define "presence-exporter.given" -}}
{{- if not (or (kindIs "invalid" .) (eq (toString .) "")) -}}true{{- end -}}
{{- end -}}

{{/* Not those of the exporter's pods: the Service and the policies must not take the test for one. */}}
{{- define "presence-exporter.testSelectorLabels" -}}
app.kubernetes.io/name: {{ include "presence-exporter.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}
