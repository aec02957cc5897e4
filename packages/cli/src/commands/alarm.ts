/** `alarm`: what members have found that stops them from taking writes. */
import { create } from "@bufbuild/protobuf";
import { AlarmRequest_AlarmAction, type AlarmResponse, AlarmResponseSchema, AlarmType } from "@kvorum/proto";
import { type Command, defineCommand } from "../command.js";
import { badArguments } from "../failure.js";
import { fieldLine, headerFields } from "../output/fields.js";
import { messageReport, type Report } from "../output/report.js";

export const alarmList: Command = defineCommand({
  usage: "",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("alarm list command accepts no arguments");
    context.print(alarmReport(await (await context.client()).rpc.maintenance.alarm({}, context.call())));
    return undefined;
  },
});

export const alarmDisarm: Command = defineCommand({
  usage: "",
  description: "Take away the cause first: an alarm comes back while it lasts.",
  flags: {},
  run: async (context, args) => {
    if (args.length > 0) throw badArguments("alarm disarm command accepts no arguments");
    const { maintenance } = (await context.client()).rpc;
    const { alarms } = await maintenance.alarm({}, context.call());
    const action = AlarmRequest_AlarmAction.DEACTIVATE;
    const disarmed = create(AlarmResponseSchema);
    for (const { memberID, alarm } of alarms) {
      disarmed.alarms.push(...(await maintenance.alarm({ action, memberID, alarm }, context.call())).alarms);
    }
    context.print(alarmReport(disarmed));
    return undefined;
  },
});

function alarmReport(answer: AlarmResponse): Report {
  return messageReport(AlarmResponseSchema, answer, {
    simple: (out) => {
      for (const { memberID, alarm } of answer.alarms) out.line(`memberID:${memberID} alarm:${AlarmType[alarm]} `);
    },
    fields: (out) => {
      headerFields(out, answer.header);
      for (const { memberID, alarm } of answer.alarms) {
        fieldLine(out, "MemberID", memberID);
        out.line(`"AlarmType" : ${AlarmType[alarm]}`);
        out.line();
      }
    },
  });
}
