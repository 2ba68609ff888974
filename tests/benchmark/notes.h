// Calls of the test service's notes, and notes in bulk.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/store/database.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/benchmark/load.h"
#include "tests/support/tokens.h"

namespace mestring {

// The id of the n-th row that was added in bulk: the same on both engines, in the order of their making.
inline std::string BulkId(int64_t n) {
  return absl::StrCat("019a0000-0000-7000-8000-", absl::StrCat(1'000'000'000'000 + n).substr(1));
}
// The same in SQL, of the column `n` of the recursive table that FillRows offers.
inline constexpr char kBulkIdSql[] = "'019a0000-0000-7000-8000-' || substr(CAST(1000000000000 + n AS TEXT), 2)";

// Runs `INSERT … SELECT … FROM numbers` for n = 1 … count, some at a time; `insert` and `select` stand
// before and after the table `numbers (n)`.
inline absl::Status FillRows(Database& db, int64_t count, const std::string& insert, const std::string& select) {
  // A statement may take 30 s on PostgreSQL.
  constexpr int64_t kAtOnce = 50'000;
  for (int64_t done = 0; done < count; done += kAtOnce) {
    TRY(db.Write([&](Tx& tx) {
      return tx
          .Exec(absl::StrCat(insert, " WITH RECURSIVE numbers (n) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT ",
                             "n + 1 FROM numbers WHERE n < :last) ", select),
                done + 1, std::min(count, done + kAtOnce))
          .status();
    }));
  }
  return absl::OkStatus();
}

// Notes that concern nobody.
inline absl::Status AddNotes(Database& db, int64_t count) {
  return FillRows(db, count, "INSERT INTO notes (id, version, create_time, update_time, text)",
                  absl::StrCat("SELECT ", kBulkIdSql, ", 1, 0, 0, 'a note as long as notes are' FROM numbers"));
}

inline RpcCall WriteNote() {
  const std::string person = NewId(absl::Now());
  return CallOf<test::v1::WriteNoteRequest>(Token({access::v1::ROLE_STAFF}), [person](int64_t) {
    test::v1::WriteNoteRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_person_ref(person);
    request.set_text("a note as long as notes are");
    return request;
  });
}

inline RpcCall GetNote(std::string id) {
  return CallOf<test::v1::GetNoteRequest>(Token({access::v1::ROLE_STAFF}), [id](int64_t) {
    test::v1::GetNoteRequest request;
    request.set_id(id);
    return request;
  });
}

// Any of the first `count` that were added in bulk, all over the table.
inline RpcCall GetNote(int64_t count) {
  return CallOf<test::v1::GetNoteRequest>(Token({access::v1::ROLE_STAFF}), [count](int64_t number) {
    test::v1::GetNoteRequest request;
    // A large prime: neighbours in time are far from each other in the table.
    request.set_id(BulkId(number * 7'368'787 % count + 1));
    return request;
  });
}

}  // namespace mestring
