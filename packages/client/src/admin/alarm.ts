/** Alarms: what a member has found that stops it from taking writes. */
import { type AlarmResponse, AlarmType } from "@kvorum/proto";

export interface Alarm {
  readonly memberId: bigint;
  /** The space quota is used up, or members differ in what they store. */
  readonly type: "no-space" | "corrupt";
}

export function toAlarms(answer: AlarmResponse): Alarm[] {
  return answer.alarms.flatMap(({ memberID, alarm }): Alarm[] => {
    if (alarm === AlarmType.NOSPACE) return [{ memberId: memberID, type: "no-space" }];
    return alarm === AlarmType.CORRUPT ? [{ memberId: memberID, type: "corrupt" }] : [];
  });
}

export function alarmType(alarm: Alarm): AlarmType {
  return alarm.type === "no-space" ? AlarmType.NOSPACE : AlarmType.CORRUPT;
}
