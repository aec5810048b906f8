{{/* Name of the operator's objects, namespaced and cluster-wide: <release>-operator. */}}
{{- define "confab.operator" -}}
{{- printf "%s-operator" (.Release.Name | trunc 54 | trimSuffix "-") -}}
{{- end }}

{{/* Name of the objects that concern all chats. */}}
{{- define "confab.chats" -}}
{{- printf "%s-chats" (.Release.Name | trunc 54 | trimSuffix "-") -}}
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

{{/* Permissions of the operator in a namespace with ChatDeployments. */}}
{{- define "confab.childRules" -}}
# Child objects of a ChatDeployment.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, serviceaccounts, configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
# If the cluster has these kinds: routes of Gateway API, topics of Strimzi.
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkatopics]
  verbs: [get, list, watch, create, patch]
# To find the certificate authority of a PostgreSQL of CloudNativePG.
- apiGroups: [postgresql.cnpg.io]
  resources: [clusters]
  verbs: [get]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
# The operator reads Secrets that a spec names and writes generated ones; it never lists nor deletes any. Changing owner
# references (deletionPolicy) requires the delete permission if OwnerReferencesPermissionEnforcement is enabled, as on
# OpenShift.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
# To notice that a volume was lost, and to make volumes larger.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, patch]
# To report why a pod does not start.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, list]
{{- end }}
