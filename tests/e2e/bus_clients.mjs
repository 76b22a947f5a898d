// node bus_clients.mjs TOOLS ENDPOINT: EventBridge and its Scheduler through
// @aws-sdk/client-eventbridge and client-scheduler, out of the folder TOOLS.
// The last line counts the actions; the exit code says whether one was at fault.
import { pathToFileURL } from "node:url";
import { caller, isDate, sleep } from "./calling.mjs";

const load = async (name) => {
  const m = await import(pathToFileURL(`${process.argv[2]}/@aws-sdk/${name}/dist-cjs/index.js`));
  return m.default ?? m;
};
const eb = await load("client-eventbridge");
const sc = await load("client-scheduler");
const config = {
  endpoint: process.argv[3], region: "us-east-1", maxAttempts: 1,
  credentials: { accessKeyId: "any", secretAccessKey: "any" },
};
const clients = [[eb, new eb.EventBridgeClient(config)], [sc, new sc.SchedulerClient(config)]];
const { called, fault, call, refused, faults } = caller(clients);

const arn = (rest) => `arn:aws:events:us-east-1:000000000000:${rest}`;
const keep = "arn:aws:states:us-east-1:000000000000:stateMachine:keep";
const entry = (n, more = {}) => ({ Source: "shop", DetailType: "Sold", Detail: JSON.stringify({ n }), ...more });

// buses and permissions
await call("CreateEventBus", { Name: "side", Description: "d", Tags: [{ Key: "a", Value: "1" }] },
  (r) => ({ arn: r.EventBusArn === arn("event-bus/side") }));
await refused("CreateEventBus", { Name: "side" }, "ResourceAlreadyExistsException");
await call("UpdateEventBus", { Name: "side", Description: "other" }, (r) => ({ name: r.Name === "side" }));
await call("PutPermission", { EventBusName: "side", Action: "events:PutEvents", Principal: "111122223333", StatementId: "far" });
await call("DescribeEventBus", { Name: "side" }, (r) => ({
  description: r.Description === "other", policy: JSON.parse(r.Policy).Statement[0].Sid === "far", at: isDate(r.CreationTime) }));
await call("RemovePermission", { EventBusName: "side", StatementId: "far" });
await refused("RemovePermission", { EventBusName: "side", StatementId: "far" }, "ResourceNotFoundException");
await call("ListEventBuses", {}, (r) => ({ both: r.EventBuses.map((b) => b.Name).join() === "default,side" }));
await call("ListTagsForResource", { ResourceARN: arn("event-bus/side") }, (r) => ({ tag: r.Tags[0].Value === "1" }));
await call("TagResource", { ResourceARN: arn("event-bus/side"), Tags: [{ Key: "b", Value: "2" }] });
await call("UntagResource", { ResourceARN: arn("event-bus/side"), TagKeys: ["a"] });

// rules and targets
await call("PutRule", { Name: "sold", EventPattern: '{"source":["shop"]}', State: "ENABLED", Description: "x" },
  (r) => ({ arn: r.RuleArn === arn("rule/sold") }));
await call("PutRule", { Name: "tick", ScheduleExpression: "rate(5 minutes)" });
await refused("PutRule", { Name: "bad", EventPattern: "{" }, "InvalidEventPatternException");
await call("DescribeRule", { Name: "sold" }, (r) => ({ bus: r.EventBusName === "default", state: r.State === "ENABLED" }));
await call("DisableRule", { Name: "sold" });
await call("EnableRule", { Name: "sold" });
await call("PutTargets", { Rule: "sold", Targets: [{ Id: "1", Arn: keep, InputPath: "$.detail" }, { Id: "2", Arn: arn("event-bus/side") }] },
  (r) => ({ none: r.FailedEntryCount === 0 }));
await call("ListTargetsByRule", { Rule: "sold" }, (r) => ({ two: r.Targets.length === 2, path: r.Targets[0].InputPath === "$.detail" }));
await call("ListRuleNamesByTarget", { TargetArn: keep }, (r) => ({ name: r.RuleNames.join() === "sold" }));
await call("ListRules", { NamePrefix: "so" }, (r) => ({ one: r.Rules.length === 1 }));
const page = await call("ListRules", { Limit: 1 }, (r) => ({ more: r.Rules.length === 1 && r.NextToken }));
await call("ListRules", { Limit: 1, NextToken: page.NextToken }, (r) => ({ last: r.Rules[0].Name === "tick" && !r.NextToken }));
await call("TestEventPattern", { EventPattern: '{"source":[{"prefix":"sh"}]}', Event: JSON.stringify({
  id: "1", account: "1", source: "shop", time: "2026-01-01T00:00:00Z", region: "r", "detail-type": "d" }) },
  (r) => ({ yes: r.Result === true }));

// archive, events, replay
const archive = await call("CreateArchive", { ArchiveName: "all", EventSourceArn: arn("event-bus/default"), RetentionDays: 3 },
  (r) => ({ state: r.State === "ENABLED", at: isDate(r.CreationTime) }));
await call("UpdateArchive", { ArchiveName: "all", EventPattern: '{"source":["shop"]}' });
await call("PutEvents", { Entries: [entry(1, { Time: new Date(), Resources: ["r"] }), entry(2), { Source: "s" }] },
  (r) => ({ failed: r.FailedEntryCount === 1, ids: r.Entries[0].EventId && r.Entries[1].EventId, code: r.Entries[2].ErrorCode === "InvalidArgument" }));
await call("DescribeArchive", { ArchiveName: "all" }, (r) => ({ count: r.EventCount === 2, days: r.RetentionDays === 3, size: r.SizeBytes > 100 }));
await call("ListArchives", {}, (r) => ({ one: r.Archives.length === 1 }));
await call("StartReplay", { ReplayName: "r", EventSourceArn: archive.ArchiveArn, EventStartTime: new Date(Date.now() - 3600e3),
  EventEndTime: new Date(Date.now() + 3600e3), Destination: { Arn: arn("event-bus/default"), FilterArns: [arn("rule/sold")] } },
  (r) => ({ state: r.State === "STARTING" }));
let replay;
do { await sleep(20); replay = await call("DescribeReplay", { ReplayName: "r" }); } while (["STARTING", "RUNNING"].includes(replay.State));
if (replay.State !== "COMPLETED" || !isDate(replay.EventLastReplayedTime)) fault("DescribeReplay", JSON.stringify(replay));
await call("ListReplays", { State: "COMPLETED" }, (r) => ({ one: r.Replays.length === 1 }));
called.add("CancelReplay");
await refused("CancelReplay", { ReplayName: "r" }, "IllegalStatusException");
await call("DeleteArchive", { ArchiveName: "all" });
await refused("DescribeArchive", { ArchiveName: "all" }, "ResourceNotFoundException");

// connections and API destinations
const auth = { ApiKeyAuthParameters: { ApiKeyName: "k", ApiKeyValue: "v" } };
const c = await call("CreateConnection", { Name: "c", AuthorizationType: "API_KEY", AuthParameters: auth },
  (r) => ({ state: r.ConnectionState === "AUTHORIZED" }));
await call("UpdateConnection", { Name: "c", Description: "d" });
await call("DescribeConnection", { Name: "c" }, (r) => ({ hidden: r.AuthParameters.ApiKeyAuthParameters.ApiKeyValue === undefined }));
await call("ListConnections", {}, (r) => ({ one: r.Connections.length === 1 }));
await call("CreateApiDestination", { Name: "d", ConnectionArn: c.ConnectionArn, InvocationEndpoint: "https://example.com/*", HttpMethod: "POST" },
  (r) => ({ state: r.ApiDestinationState === "ACTIVE" }));
await call("UpdateApiDestination", { Name: "d", InvocationRateLimitPerSecond: 5 });
await call("DescribeApiDestination", { Name: "d" }, (r) => ({ rate: r.InvocationRateLimitPerSecond === 5 }));
await call("ListApiDestinations", {}, (r) => ({ one: r.ApiDestinations.length === 1 }));
await call("DeleteApiDestination", { Name: "d" });
await call("DeauthorizeConnection", { Name: "c" }, (r) => ({ state: r.ConnectionState === "DEAUTHORIZED" }));
await call("DeleteConnection", { Name: "c" });
await refused("DescribeConnection", { Name: "c" }, "ResourceNotFoundException");

// the end of rules and buses
await call("RemoveTargets", { Rule: "sold", Ids: ["1", "2"] }, (r) => ({ none: r.FailedEntryCount === 0 }));
await call("DeleteRule", { Name: "sold" });
await call("DeleteEventBus", { Name: "side" });
await refused("DescribeEventBus", { Name: "side" }, "ResourceNotFoundException");

// schedules
const once = { Name: "once", ScheduleExpression: "at(2099-01-01T00:00:00)", FlexibleTimeWindow: { Mode: "OFF" },
  Target: { Arn: keep, RoleArn: "arn:aws:iam::0:role/x", Input: "{}" } };
await call("CreateScheduleGroup", { Name: "g" }, (r) => ({ arn: r.ScheduleGroupArn.endsWith("/g") }));
await call("CreateSchedule", { ...once, GroupName: "g" }, (r) => ({ arn: r.ScheduleArn.endsWith("schedule/g/once") }));
await refused("CreateSchedule", { ...once, GroupName: "g" }, "ConflictException");
await call("UpdateSchedule", { ...once, GroupName: "g", State: "DISABLED", StartDate: new Date(), ScheduleExpressionTimezone: "Asia/Tokyo" });
await call("GetSchedule", { Name: "once", GroupName: "g" }, (r) => ({
  state: r.State === "DISABLED", zone: r.ScheduleExpressionTimezone === "Asia/Tokyo", date: isDate(r.CreationDate) && isDate(r.StartDate) }));
await call("ListSchedules", { GroupName: "g" }, (r) => ({ one: r.Schedules.length === 1 }));
await call("DeleteSchedule", { Name: "once", GroupName: "g" });
await refused("GetSchedule", { Name: "once", GroupName: "g" }, "ResourceNotFoundException");
await call("GetScheduleGroup", { Name: "g" }, (r) => ({ state: r.State === "ACTIVE" }));
await call("ListScheduleGroups", {}, (r) => ({ two: r.ScheduleGroups.length === 2 }));
await call("DeleteScheduleGroup", { Name: "g" });

console.log(`${called.size} actions, ${faults()} faults`);
process.exit(faults() === 0 ? 0 : 1);
