{{/* The operator's objects are called <release>-operator; what is cluster-wide carries the same name. */}}
{{- define "confab.operator" -}}
{{- printf "%s-operator" (.Release.Name | trunc 54 | trimSuffix "-") -}}
{{- end }}

{{- define "confab.selectorLabels" -}}
app.kubernetes.io/name: confab-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "confab.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "confab.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: confab
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* repository:tag of (dict "image" .Values.….image "chart" .Chart) */}}
{{- define "confab.image" -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .chart.AppVersion) -}}
{{- end }}
