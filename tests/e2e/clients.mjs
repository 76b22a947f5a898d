// node clients.mjs SDK ENDPOINT: every action of Step Functions through the
// folder SDK (@aws-sdk/client-sfn).  One line an action; the exit code counts.
import { pathToFileURL } from "node:url";
import { caller, isDate, sleep } from "./calling.mjs";

const S = await import(pathToFileURL(process.argv[2] + "/dist-cjs/index.js"));
const sdk = S.default ?? S;
const client = new sdk.SFNClient({
  endpoint: process.argv[3], region: "us-east-1", maxAttempts: 1, disableHostPrefix: true,
  credentials: { accessKeyId: "any", secretAccessKey: "any" },
});
const roleArn = "arn:aws:iam::000000000000:role/none";
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const { called, fault, send, call, refused, faults } = caller([[sdk, client]]);

async function ended(executionArn) {
  for (;;) {
    const d = await send("DescribeExecution", { executionArn });
    if (d.status !== "RUNNING" && d.status !== "PENDING_REDRIVE") return d;
    await sleep(20);
  }
}

const machine = (states) => JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
const pass = (n) => machine({ A: { Type: "Pass", Result: { n }, End: true } });
const create = (name, definition, more) =>
  call("CreateStateMachine", { name, definition, roleArn, ...more },
    (r) => ({ stateMachineArn: r.stateMachineArn?.endsWith(":" + name), creationDate: isDate(r.creationDate) }));

async function activities() {
  const activityArn = (await call("CreateActivity", { name: "work", tags: [{ key: "k", value: "v" }] },
    (r) => ({ creationDate: isDate(r.creationDate) }))).activityArn;
  await call("CreateActivity", { name: "work" }, (r) => ({ same: r.activityArn === activityArn }));
  await call("DescribeActivity", { activityArn }, (r) => ({ name: r.name === "work", date: isDate(r.creationDate) }));
  await call("ListActivities", {}, (r) => ({ it: r.activities[0].activityArn === activityArn }));
  await refused("DescribeActivity", { activityArn: activityArn + "x" }, "ActivityDoesNotExist");
  await refused("DescribeActivity", { activityArn: "nonsense" }, "InvalidArn");
  await refused("CreateActivity", { name: "a b" }, "InvalidName");
  return activityArn;
}

async function machines() {
  const made = await create("m", pass(1), { publish: true, tags: [{ key: "a", value: "b" }] });
  const stateMachineArn = made.stateMachineArn;
  if (made.stateMachineVersionArn !== stateMachineArn + ":1") fault("CreateStateMachine", "publish");
  await refused("CreateStateMachine", { name: "m", definition: pass(2), roleArn }, "StateMachineAlreadyExists");
  await refused("CreateStateMachine", { name: "x", definition: "{", roleArn }, "InvalidDefinition");
  await call("DescribeStateMachine", { stateMachineArn }, (r) => ({
    definition: r.definition === pass(1), type: r.type === "STANDARD", status: r.status === "ACTIVE",
    roleArn: r.roleArn === roleArn, creationDate: isDate(r.creationDate),
    logging: r.loggingConfiguration.level === "OFF", tracing: r.tracingConfiguration.enabled === false,
  }));
  await call("ListStateMachines", {}, (r) => ({ it: r.stateMachines[0].stateMachineArn === stateMachineArn }));
  await call("UpdateStateMachine", { stateMachineArn, definition: pass(2) },
    (r) => ({ updateDate: isDate(r.updateDate), revisionId: r.revisionId }));
  await refused("UpdateStateMachine", { stateMachineArn }, "MissingRequiredParameter");
  await call("PublishStateMachineVersion", { stateMachineArn, description: "two" },
    (r) => ({ arn: r.stateMachineVersionArn === stateMachineArn + ":2", date: isDate(r.creationDate) }));
  await call("ListStateMachineVersions", { stateMachineArn },
    (r) => ({ newestFirst: r.stateMachineVersions[0].stateMachineVersionArn === stateMachineArn + ":2" }));
  await aliases(stateMachineArn);
  await call("ValidateStateMachineDefinition", { definition: '{"StartAt":"X","States":{"A":{"Type":"Pass"}}}' },
    (r) => ({ result: r.result === "FAIL", said: r.diagnostics.every((d) => d.severity && d.code && d.message) }));
  await call("ValidateStateMachineDefinition", { definition: pass(1) },
    (r) => ({ result: r.result === "OK", silent: r.diagnostics.length === 0 }));
  const state = '{"Type":"Pass","Result":{"a":1},"Next":"B"}';
  await call("TestState", { definition: state, inspectionLevel: "DEBUG", input: '{"x":1}' }, (r) => ({
    status: r.status === "SUCCEEDED", nextState: r.nextState === "B", output: r.output === '{"a":1}',
    inspected: r.inspectionData.input === '{"x":1}',
  }));
  await refused("TestState", { definition: "{" }, "InvalidDefinition");
  await call("ListTagsForResource", { resourceArn: stateMachineArn },
    (r) => ({ created: same(r.tags, [{ key: "a", value: "b" }]) }));
  await call("TagResource", { resourceArn: stateMachineArn, tags: [{ key: "c", value: "d" }] });
  await call("UntagResource", { resourceArn: stateMachineArn, tagKeys: ["a"] });
  await call("ListTagsForResource", { resourceArn: stateMachineArn },
    (r) => ({ tags: same(r.tags, [{ key: "c", value: "d" }]) }));
  await refused("ListTagsForResource", { resourceArn: stateMachineArn + "x" }, "ResourceNotFound");
  return stateMachineArn;
}

async function aliases(stateMachineArn) {
  const to = (...weights) => weights.map((weight, i) => ({ stateMachineVersionArn: `${stateMachineArn}:${i + 1}`, weight }));
  const stateMachineAliasArn = stateMachineArn + ":live";
  await call("CreateStateMachineAlias", { name: "live", description: "d", routingConfiguration: to(100) },
    (r) => ({ arn: r.stateMachineAliasArn === stateMachineAliasArn, date: isDate(r.creationDate) }));
  await call("UpdateStateMachineAlias", { stateMachineAliasArn, routingConfiguration: to(50, 50) },
    (r) => ({ date: isDate(r.updateDate) }));
  await call("DescribeStateMachineAlias", { stateMachineAliasArn },
    (r) => ({ name: r.name === "live", description: r.description === "d", routes: same(r.routingConfiguration, to(50, 50)) }));
  await call("ListStateMachineAliases", { stateMachineArn },
    (r) => ({ it: r.stateMachineAliases[0].stateMachineAliasArn === stateMachineAliasArn }));
  await refused("DeleteStateMachineVersion", { stateMachineVersionArn: stateMachineArn + ":1" }, "ConflictException");
  await refused("DescribeStateMachineAlias", { stateMachineAliasArn: stateMachineArn + ":nope" }, "ResourceNotFound");
}

async function executions(stateMachineArn) {
  const alias = stateMachineArn + ":live";
  const { executionArn } = await call("StartExecution", { stateMachineArn: alias, name: "x1", input: '{"a":1}', traceHeader: "t" },
    (r) => ({ arn: r.executionArn.endsWith(":m:x1"), date: isDate(r.startDate) }));
  await ended(executionArn);
  await call("DescribeExecution", { executionArn }, (r) => ({
    status: r.status === "SUCCEEDED", dates: isDate(r.startDate) && isDate(r.stopDate), input: r.input === '{"a":1}',
    included: r.inputDetails.included && r.outputDetails.included, alias: r.stateMachineAliasArn === alias,
    redrive: r.redriveCount === 0 && r.redriveStatus === "NOT_REDRIVABLE", trace: r.traceHeader === "t",
  }));
  await call("DescribeStateMachineForExecution", { executionArn }, (r) => ({ name: r.name === "m", date: isDate(r.updateDate) }));
  await call("ListExecutions", { stateMachineArn, statusFilter: "SUCCEEDED" },
    (r) => ({ one: r.executions.length === 1, dates: isDate(r.executions[0].stopDate) }));
  await call("GetExecutionHistory", { executionArn }, (r) => ({
    types: same(r.events.map((e) => e.type),
      ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]),
    input: r.events[0].executionStartedEventDetails.input === '{"a":1}', date: isDate(r.events[0].timestamp),
  }));
  await refused("StartExecution", { stateMachineArn, name: "x1", input: '{"a":2}' }, "ExecutionAlreadyExists");
  await refused("StartExecution", { stateMachineArn: stateMachineArn + "x" }, "StateMachineDoesNotExist");
  await refused("StartExecution", { stateMachineArn: "x" }, "InvalidArn");
  await refused("StartExecution", { stateMachineArn, input: "{" }, "InvalidExecutionInput");
  await refused("DescribeExecution", { executionArn: executionArn + "x" }, "ExecutionDoesNotExist");
  await refused("ListExecutions", { stateMachineArn, nextToken: "x" }, "InvalidToken");
  await refused("ListExecutions", {}, "ValidationException");
  await refused("StartSyncExecution", { stateMachineArn }, "StateMachineTypeNotSupported");
  await refused("RedriveExecution", { executionArn }, "ExecutionNotRedrivable");
  const express = await create("e", pass(1), { type: "EXPRESS" });
  await call("StartSyncExecution", { stateMachineArn: express.stateMachineArn },
    (r) => ({ status: r.status === "SUCCEEDED", output: r.output === '{"n":1}', dates: isDate(r.stopDate), billed: r.billingDetails }));
}

async function tasks(activityArn) {
  const { stateMachineArn } = await create("w", machine({ A: { Type: "Task", Resource: activityArn, HeartbeatSeconds: 60, End: true } }));
  const first = await call("StartExecution", { stateMachineArn, input: '{"q":1}' });
  const { taskToken } = await call("GetActivityTask", { activityArn, workerName: "me" }, (r) => ({ input: r.input === '{"q":1}' }));
  await call("SendTaskHeartbeat", { taskToken });
  await refused("SendTaskSuccess", { taskToken, output: "{" }, "InvalidOutput");
  await call("SendTaskSuccess", { taskToken, output: '{"r":1}' });
  await refused("SendTaskSuccess", { taskToken, output: "{}" }, "TaskTimedOut");
  await refused("SendTaskHeartbeat", { taskToken: "x" }, "InvalidToken");
  if ((await ended(first.executionArn)).output !== '{"r":1}') fault("SendTaskSuccess", "the output");

  const { executionArn } = await call("StartExecution", { stateMachineArn });
  const task = await call("GetActivityTask", { activityArn });
  await call("SendTaskFailure", { taskToken: task.taskToken, error: "E", cause: "C" });
  const failed = await ended(executionArn);
  if (!same([failed.status, failed.error, failed.cause, failed.redriveStatus], ["FAILED", "E", "C", "REDRIVABLE"]))
    fault("SendTaskFailure", JSON.stringify(failed));
  for (let i = 0; i < 2; i++)
    await call("RedriveExecution", { executionArn, clientToken: "once" }, (r) => ({ date: isDate(r.redriveDate) }));
  await call("StopExecution", { executionArn, error: "S", cause: "why" }, (r) => ({ date: isDate(r.stopDate) }));
  const stopped = await ended(executionArn);
  if (!same([stopped.status, stopped.error, stopped.redriveCount], ["ABORTED", "S", 1])) fault("StopExecution", JSON.stringify(stopped));
  await call("DeleteActivity", { activityArn });
}

async function mapRuns() {
  const { stateMachineArn } = await create("d", machine({
    M: {
      Type: "Map", ItemsPath: "$.l", MaxConcurrency: 1, Label: "L", End: true,
      ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "I", States: { I: { Type: "Wait", Seconds: 1, End: true } },
      },
    },
  }));
  const { executionArn } = await call("StartExecution", { stateMachineArn, input: '{"l":[1,2,3]}' });
  let run;
  while (!run) [run] = (await call("ListMapRuns", { executionArn })).mapRuns;
  const { mapRunArn } = run;
  await call("UpdateMapRun", { mapRunArn, maxConcurrency: 3, toleratedFailureCount: 1 });
  await call("DescribeMapRun", { mapRunArn }, (r) => ({
    settings: r.maxConcurrency === 3 && r.toleratedFailureCount === 1, total: r.itemCounts.total === 3,
    status: r.status === "RUNNING", date: isDate(r.startDate),
  }));
  await call("ListExecutions", { mapRunArn }, (r) => ({ theirs: r.executions.every((e) => e.mapRunArn === mapRunArn) }));
  if ((await ended(executionArn)).status !== "SUCCEEDED") fault("UpdateMapRun", "its execution fails");
  await refused("DescribeMapRun", { mapRunArn: mapRunArn + "x" }, "ResourceNotFound");
}

async function deletion(stateMachineArn) {
  await call("DeleteStateMachineAlias", { stateMachineAliasArn: stateMachineArn + ":live" });
  await call("DeleteStateMachineVersion", { stateMachineVersionArn: stateMachineArn + ":1" });
  await call("DeleteStateMachine", { stateMachineArn });
  await refused("DescribeStateMachine", { stateMachineArn }, "StateMachineDoesNotExist");
}

const activityArn = await activities();
const stateMachineArn = await machines();
await executions(stateMachineArn);
await tasks(activityArn);
await mapRuns();
await deletion(stateMachineArn);

const actions = Object.keys(sdk).filter((k) => /^[A-Z]\w+Command$/.test(k)).map((k) => k.slice(0, -7));
for (const action of actions.filter((a) => !called.has(a))) fault(action, "not called");
console.log(`${actions.length} actions, ${faults()} faults`);
process.exit(Math.min(faults(), 100));
