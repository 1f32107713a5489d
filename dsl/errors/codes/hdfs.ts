/** Error codes: HDFS over HTTP. Composed into ../registry.ts; each has a page in docs/errors/. */
import type { CodeEntry } from '../registry.ts';

export const hdfsCodes = {
  'HDL-HDFS-UNREACHABLE': {
    title: 'No NameNode or DataNode of HDFS did what was asked',
    fix: 'Look whether the cluster is up and has an active NameNode: heddle doctor. The step is tried again.',
    exit: 3,
  },
  'HDL-HDFS-INCOMPLETE': {
    title: 'A file came or went over HDFS with bytes missing',
    fix: 'Nothing was put in place. Look at the DataNodes and at what lies between; the step is tried again.',
    exit: 3,
  },
  'HDL-HDFS-DENIED': { title: 'HDFS does not permit it', fix: 'Give the user of the message the right, or set hdfs.user (doas) to one that has it.', exit: 1 },
  'HDL-HDFS-FULL': {
    title: 'HDFS has no room',
    fix: 'Free space or raise the quota of the folder (hdfs dfsadmin -setSpaceQuota); heddle gc shows what can go.',
    exit: 3,
  },
  'HDL-HDFS-AUTH': { title: 'HDFS does not know who asks', fix: 'Renew the delegation token or the Kerberos ticket.', exit: 1 },
  'HDL-HDFS-NO-KERBEROS': {
    title: 'HDFS asks for Kerberos, and its package is missing',
    fix: 'npm install kerberos (it needs libkrb5-dev), or use a tokenFile.',
    exit: 2,
  },
  'HDL-HDFS-NAME': { title: 'HDFS has no file of such a name', fix: 'Choose a name without a colon.', exit: 2 },
} as const satisfies Record<string, CodeEntry>;
