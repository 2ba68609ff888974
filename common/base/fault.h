// Fault points: named places where a test makes the process fail. In the product passing one does nothing
// (fault.cc); programs of tests link tests/support/fault.cc in its stead, so both are built of the same objects.
//
//   PassFaultPoint("tx.before_commit");
//
// The variable FAULT_POINT=<name>:<nth>:<kill|stop>, if it is not empty, makes the nth passage through that point
// send SIGKILL or SIGSTOP to the process itself, after a line "fault <name>:<nth>:<kill|stop>" on standard error.
//
// All of them, in the order in which an event passes (tests/faults kills at each):
//   tx.before_commit        a group of writes has run, its COMMIT is not sent
//   tx.after_commit         durable, nobody answered yet
//   relay.term_committed    the new epoch is in the database, not on the stream
//   relay.before_append     rows read from the log, not sent
//   relay.after_append      on the stream, the relay does not count on it yet
//   relay.before_trim       up to where the stream is trimmed is in the database, it is not done
//   sub.read                read from the stream, nothing done
//   sub.effects_done        handlers have run, the cursor not moved (then the two of tx, in the subscriber)
//   sub.after_commit        effects and cursor durable, the subscription does not know it yet
//   watch.before_write      an event is about to go to a watcher
#pragma once

namespace mestring {

void PassFaultPoint(const char* name);
// Whether a mistake of the program that it only logs in the product fails the call, so that a test sees it.
bool MistakesFail();

}  // namespace mestring
