-- Health of a ChatDeployment for Argo CD. In the ConfigMap argocd-cm, under the key
-- resource.customizations.health.confab.dev_ChatDeployment:
local health = {status = "Progressing", message = "The operator has not reconciled this ChatDeployment yet"}
local status = obj.status
if status == nil or status.conditions == nil then return health end
local generation = obj.metadata.generation
if status.observedGeneration ~= nil and generation ~= nil and status.observedGeneration < generation then return health end
local conditions = {}
for _, condition in ipairs(status.conditions) do conditions[condition.type] = condition end
local ready, stalled = conditions.Ready, conditions.Stalled
if ready == nil then return health end
health.message = ready.reason .. ": " .. ready.message
if ready.reason == "Paused" then
  health.status = "Suspended"
elseif stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif ready.status == "True" then
  health.status = "Healthy"
end
return health
