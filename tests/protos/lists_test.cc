// Every list of the contracts says the same of its pages, in the same words, where a reader of the field looks.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/store/records.h"
#include "mestring/common/v1/field_rule.pb.h"
#include "tests/support/contract_files.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr char kPageToken[] =
    "next_page_token of the page before, asked for with the same fields; empty: the first page.";
constexpr char kNextPageToken[] = "Empty on the last page.";
// X11: which of the cursors is the one to watch from.
constexpr char kAsOfPages[] =
    "The cursor to watch from: that of the first page of the first list you take; later pages repeat it.";
constexpr char kAsOf[] = "The cursor to watch from: that of the first answer you take.";

// Expects the comment of a field, if the message has it; false if it has not.
bool Says(const Descriptor& message, const char* name, const std::string& words) {
  const FieldDescriptor* field = message.FindFieldByName(name);
  if (field == nullptr) return false;
  EXPECT_TRUE(absl::StartsWith(CommentOf(*field), words)) << field->full_name();
  return true;
}

TEST(Lists, SayHowLargeAPageIsAndWhatTheirTokensAndCursorsAreFor) {
  const ContractFiles contracts;
  int lists = 0;
  for (const auto* file : contracts.files()) {
    // EventService's page is of another size, and its as_of another thing: they say so themselves.
    if (file->name() == "mestring/events/v1/events.proto") continue;
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor& message = *file->message_type(i);
      if (Says(message, "page_size", absl::StrCat("Default ", kPageSizeDefault, ", at most ", kPageSizeMax, "."))) {
        ++lists;
        EXPECT_EQ(Known(message.FindFieldByName("page_size")->options()).GetExtension(common::v1::rule).max(),
                  kPageSizeMax);
      }
      Says(message, "page_token", kPageToken);
      const bool pages = Says(message, "next_page_token", kNextPageToken);
      Says(message, "as_of", pages ? kAsOfPages : kAsOf);
    }
  }
  EXPECT_GE(lists, 50);
}

}  // namespace
}  // namespace mestring
