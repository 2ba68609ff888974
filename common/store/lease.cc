// Uses the machine's clock, not the service's, because a lease is about processes.
#include "common/store/lease.h"

namespace mestring {

absl::StatusOr<bool> Lease::Take() {
  bool taken = false;
  TRY(db_.Write([&](Tx& tx) -> absl::Status {
    const absl::Time now = absl::Now();
    ASSIGN(int64_t rows, tx.Exec("UPDATE lease SET holder = :holder, expires = :expires WHERE name = :name AND"
                                 " (holder = :mine OR expires < :now OR :unconditional = 1)",
                                 holder_, now + length_, name_, holder_, now, db_.engine() == "sqlite"));
    if (rows == 0) {
      ASSIGN(rows, tx.Exec("INSERT INTO lease (name, holder, expires) VALUES (:name, :holder, :expires)"
                           " ON CONFLICT (name) DO NOTHING",
                           name_, holder_, now + length_));
    }
    taken = rows == 1;
    return absl::OkStatus();
  }));
  return taken;
}

void Lease::GiveBack() {
  db_.Write([&](Tx& tx) -> absl::Status {
       return tx.Exec("DELETE FROM lease WHERE name = :name AND holder = :holder", name_, holder_).status();
     })
      .IgnoreError();
}

}  // namespace mestring
