// Any fields as an entry of the stream: whoever may write to Redis may write anything. The parser must
// not crash, and either refuses the entry or returns an event that survives all that is done with one:
// it is parked as protobuf bytes, bound as text of a database, and written to a stream again.
#include <fuzzer/FuzzedDataProvider.h>

#include <deque>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/events/stream.h"
#include "tests/fuzz/fuzz.h"

namespace {

using mestring::events::v1::Event;

// What an entry of ours has, so that the fuzzer need not guess the whole of it to get past the first check.
constexpr std::pair<const char*, const char*> kWhole[] = {{"specversion", "1.0"},
                                                          {"id", "018f0000-0000-7000-8000-000000000000"},
                                                          {"source", "/municipalities/1108/housing"},
                                                          {"type", "mestring.housing.v1.StayReserved"},
                                                          {"subject", "018f0000-0000-7000-8000-000000000001"},
                                                          {"subjectversion", "3"},
                                                          {"time", "2026-11-23T07:00:00.123456Z"},
                                                          {"datacontenttype", "application/protobuf"},
                                                          {"traceparent", "00-1-1-01"},
                                                          {"data", "\x08\x01"}};
constexpr int kFieldsMax = 24;

void MustBeForeign(const Event& event) {
  Event only_cursor;
  only_cursor.set_cursor(event.cursor());
  Require(event.SerializeAsString() == only_cursor.SerializeAsString());
}

void MustBeWhole(const Event& event) {
  Require(!event.id().empty() && !event.source().empty() && !event.type().empty());
  for (const std::string* text :
       {&event.id(), &event.source(), &event.type(), &event.subject(), &event.traceparent()}) {
    Require(text->find('\0') == std::string::npos);
  }
  Event parked;
  Require(parked.ParseFromString(event.SerializeAsString()));

  std::deque<std::string> texts;
  const Event again = mestring::ParseEntry(event.cursor(), mestring::EntryOf(event, texts));
  Require(again.SerializeAsString() == event.SerializeAsString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  std::vector<std::pair<std::string, std::string>> texts;
  if (input.ConsumeBool()) texts.assign(std::begin(kWhole), std::end(kWhole));
  const int more = input.ConsumeIntegralInRange(0, kFieldsMax);
  for (int i = 0; i < more; ++i) {
    const bool known = input.ConsumeBool();
    std::string name = known ? input.PickValueInArray(kWhole).first : input.ConsumeRandomLengthString(8);
    texts.emplace_back(std::move(name), input.ConsumeRandomLengthString(64));
  }
  const std::string id = "7-" + std::to_string(input.ConsumeIntegral<uint64_t>());

  const Event event = mestring::ParseEntry(id, mestring::EntryFields(texts.begin(), texts.end()));
  Require(event.cursor() == id);
  event.type().empty() ? MustBeForeign(event) : MustBeWhole(event);
  return 0;
}
