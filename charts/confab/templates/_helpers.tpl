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

{{/* What the operator may do in a namespace with chats. */}}
{{- define "confab.childRules" -}}
# The children of a chat.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [services, serviceaccounts, configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
# Where the cluster knows them: a route by Gateway API, topics by Strimzi.
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkatopics]
  verbs: [get, list, watch, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
# Named ones are read, generated ones written; never listed. None is deleted, but whose one is may be changed (deletionPolicy)
# only by those who could, where the API server enforces that (OwnerReferencesPermissionEnforcement; OpenShift does).
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
# Why a pod does not start.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}
