#include "tests/support/test_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "common/base/mutex.h"
#include "common/store/records.h"
#include "mestring/test/v1/test.grpc.pb.h"

namespace mestring {

namespace tpb = test::v1;

MESTRING_TABLE(tpb::Note, "notes", "note");

namespace {

constexpr Migration kSchema[] = {
    {1, "0001_notes",
     "CREATE TABLE notes (id TEXT PRIMARY KEY, version BIGINT NOT NULL, create_time BIGINT, "
     "update_time BIGINT, person_ref TEXT, organisation_id TEXT, text TEXT);"}};

// Longer than any test holds on.
constexpr absl::Duration kHoldMax = absl::Seconds(15);

Mutex hold_mutex;
CondVar hold_released;
bool released ABSL_GUARDED_BY(hold_mutex) = false;
int held ABSL_GUARDED_BY(hold_mutex) = 0;

// Asks no edge: the gate alone stands before it.
class Nothing : public tpb::EmptyService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Empty(grpc::CallbackServerContext* context, const tpb::EmptyRequest*,
                                  tpb::EmptyResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class Notes : public tpb::NoteService::CallbackService {
 public:
  explicit Notes(RpcPipeline& edge) : edge_(edge) {}

  MESTRING_WRITE_RPC(tpb, WriteNote);
  MESTRING_WRITE_RPC(tpb, DropNote);
  MESTRING_WRITE_RPC(tpb, ForgetNote);
  MESTRING_WRITE_RPC(tpb, HushNote);
  MESTRING_READ_RPC(tpb, GetNote);
  MESTRING_READ_RPC(tpb, ListNotes);
  MESTRING_READ_RPC(tpb, Break);

  MESTRING_SERVE_RPC(tpb, Hold) {
    const Deadline end = DeadlineAfter(kHoldMax);
    MutexLock lock(hold_mutex);
    ++held;
    while (!released && hold_released.WaitUntil(hold_mutex, end)) {
    }
    --held;
    return absl::OkStatus();
  }

 private:
  RpcPipeline& edge_;
};

absl::Status Notes::WriteNote(Tx& tx, Call& call, const tpb::WriteNoteRequest& request,
                              tpb::WriteNoteResponse* response) {
  tpb::Note& note = *response->mutable_note();
  note.set_id(NewId(tx.now()));
  note.set_person_ref(request.person_ref());
  note.set_organisation_id(request.organisation_id());
  note.set_text(request.text());
  TRY(Insert(tx, note));
  if (request.hide()) {
    tpb::NoteHidden event;
    event.set_note_id(note.id());
    TRY(tx.Publish(event, note));
  } else {
    tpb::NoteWritten event;
    event.set_note_id(note.id());
    event.set_person_ref(note.person_ref());
    event.set_organisation_id(note.organisation_id());
    TRY(tx.Publish(event, note));
  }
  if (request.refuse()) return Refused("NOTES_FORBIDDEN", "no notes today", {{"caller_is_person", "false"}});
  (void)call;
  return absl::OkStatus();
}

absl::Status Notes::DropNote(Tx& tx, Call& call, const tpb::DropNoteRequest& request, tpb::DropNoteResponse* response) {
  tpb::Note note;
  note.set_id(NewId(tx.now()));
  note.set_text(request.text());
  TRY(Insert(tx, note));
  tpb::NoteHidden event;
  event.set_note_id(note.id());
  TRY(tx.Publish(event, note));
  response->set_note_id(note.id());
  response->set_caller_seen(absl::StrCat(call.caller.subject, call.caller.person_ref, call.caller.organisation_id,
                                         call.caller.roles.size(), call.traceparent));
  return absl::OkStatus();
}

absl::Status Notes::ForgetNote(Tx& tx, Call&, const tpb::ForgetNoteRequest& request, tpb::ForgetNoteResponse*) {
  if (request.change_nothing()) {
    TRY(tx.Schedule("forgotten", request.request_id(), tx.now() + absl::Hours(1)));
    return tx.Exec("DELETE FROM notes WHERE id = :id", request.request_id()).status();
  }
  if (request.by_statement()) {
    return tx.Exec("INSERT INTO notes (id, version) VALUES (:id, 1)", request.request_id()).status();
  }
  tpb::Note note;
  note.set_id(request.request_id());
  TRY(Insert(tx, note));
  if (!request.beside_another()) return absl::OkStatus();
  tpb::Note another;
  another.set_id(NewId(tx.now()));
  TRY(Insert(tx, another));
  tpb::NoteHidden event;
  event.set_note_id(another.id());
  return tx.Publish(event, another);
}

absl::Status Notes::HushNote(Tx& tx, Call&, const tpb::HushNoteRequest& request, tpb::HushNoteResponse* response) {
  if (!request.changed_note_id().empty()) {
    ASSIGN(tpb::Note changed, Load<tpb::Note>(tx, request.changed_note_id()));
    TRY(Save(tx, changed));
  }
  response->mutable_note()->set_id(NewId(tx.now()));
  return Insert(tx, *response->mutable_note());
}

absl::Status Notes::GetNote(Tx& tx, Call& call, const tpb::GetNoteRequest& request, tpb::GetNoteResponse* response) {
  ASSIGN(tpb::Note note, Load<tpb::Note>(tx, request.id()));
  call.RecordAccess(note.person_ref());
  if (call.caller.Is(access::v1::ROLE_PERSON) && !call.caller.IsSelf(note.person_ref())) return NotFound("note");
  *response->mutable_note() = std::move(note);
  return absl::OkStatus();
}

absl::Status Notes::ListNotes(Tx& tx, Call&, const tpb::ListNotesRequest& request, tpb::ListNotesResponse* response) {
  return ListPage(tx, Filter().Is("organisation_id", request.organisation_id()), request, response->mutable_notes(),
                  response);
}

absl::Status Notes::Break(Tx&, Call&, const tpb::BreakRequest& request, tpb::BreakResponse*) {
  if (request.refuse()) return Refused("NOTES_FORBIDDEN", "no notes today");
  return absl::InternalError("a secret of ours");
}

class Unguarded : public tpb::UnguardedService::CallbackService {};

class TestService : public Service {
 public:
  TestService(Kernel& kernel, bool unguarded) : notes_(kernel.edge), has_unguarded_(unguarded) {}
  std::vector<grpc::Service*> GrpcServices() override {
    std::vector<grpc::Service*> services = {&empty_, &notes_};
    if (has_unguarded_) services.push_back(&unguarded_);
    return services;
  }

 private:
  Nothing empty_;
  Notes notes_;
  Unguarded unguarded_;
  const bool has_unguarded_;
};

ServiceDefinition Definition(bool unguarded) {
  return {.name = "test", .ports = {}, .schema = kSchema, .make = [unguarded](Kernel& kernel) {
            return std::make_unique<TestService>(kernel, unguarded);
          }};
}

}  // namespace

ServiceDefinition TestServiceDefinition() { return Definition(false); }
ServiceDefinition UnguardedServiceDefinition() { return Definition(true); }

void ReleaseHold(bool release) {
  MutexLock lock(hold_mutex);
  released = release;
  hold_released.NotifyAll();
}

int Held() {
  MutexLock lock(hold_mutex);
  return held;
}

}  // namespace mestring
