#include "common/store/strand.h"

// The sanitizers must be told of each switch. Debian's Boost.Context is built without these calls, so they are here.

#include <boost/context/protected_fixedsize_stack.hpp>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MESTRING_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define MESTRING_TSAN 1
#endif
#endif
#ifdef MESTRING_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef MESTRING_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace mestring {
namespace {

namespace context = boost::context;

// AddressSanitizer puts more onto each stack.
#ifdef MESTRING_ASAN
constexpr size_t kStack = 8 * Strand::kStackBytes;
#else
constexpr size_t kStack = Strand::kStackBytes;
#endif

// Before a switch to the stack (bottom, bytes); `fake` is null if the current one is left for ever.
void BeforeSwitch([[maybe_unused]] void** fake, [[maybe_unused]] const void* bottom, [[maybe_unused]] size_t bytes,
                  [[maybe_unused]] void* fiber) {
#ifdef MESTRING_ASAN
  __sanitizer_start_switch_fiber(fake, bottom, bytes);
#endif
#ifdef MESTRING_TSAN
  __tsan_switch_to_fiber(fiber, 0);
#endif
}

// After it; `bottom` and `bytes` are those of the stack that was left.
void AfterSwitch([[maybe_unused]] void* fake, [[maybe_unused]] const void** bottom, [[maybe_unused]] size_t* bytes) {
#ifdef MESTRING_ASAN
  __sanitizer_finish_switch_fiber(fake, bottom, bytes);
#endif
}

}  // namespace

Strand::Strand() {
  context::protected_fixedsize_stack allocator(kStack);
  const context::stack_context stack = allocator.allocate();
  stack_bottom_ = static_cast<const char*>(stack.sp) - stack.size;
  stack_bytes_ = stack.size;
#ifdef MESTRING_TSAN
  inside_tsan_ = __tsan_create_fiber(0);
#endif
  inside_ = context::fiber(std::allocator_arg, context::preallocated(stack.sp, stack.size, stack), allocator,
                           [this](context::fiber caller) { return Loop(std::move(caller)); });
}

Strand::~Strand() {
  stopping_ = true;
  Enter();
#ifdef MESTRING_TSAN
  __tsan_destroy_fiber(inside_tsan_);
#endif
}

// All that runs on the stack of the strand.
context::fiber Strand::Loop(context::fiber caller) {
  outside_ = std::move(caller);
  AfterSwitch(nullptr, &outside_bottom_, &outside_bytes_);
  while (!stopping_) {
    const absl::FunctionRef<void()> work = *work_;  // Start returns before the work has ended
    work();
    ended_ = true;
    Suspend();
  }
  BeforeSwitch(nullptr, outside_bottom_, outside_bytes_, outside_tsan_);
  return std::move(outside_);
}

bool Strand::Start(absl::FunctionRef<void()> work) {
  work_ = &work;
  ended_ = false;
  return Enter();
}

bool Strand::Resume() { return Enter(); }

bool Strand::Enter() {
  void* fake = nullptr;
#ifdef MESTRING_TSAN
  outside_tsan_ = __tsan_get_current_fiber();
#endif
  BeforeSwitch(&fake, stack_bottom_, stack_bytes_, inside_tsan_);
  inside_ = std::move(inside_).resume();
  AfterSwitch(fake, nullptr, nullptr);
  return ended_;
}

void Strand::Suspend() {
  BeforeSwitch(&inside_fake_, outside_bottom_, outside_bytes_, outside_tsan_);
  outside_ = std::move(outside_).resume();
  AfterSwitch(inside_fake_, &outside_bottom_, &outside_bytes_);
}

}  // namespace mestring
