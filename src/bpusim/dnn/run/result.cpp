#include "dnn/run/result.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dnn/base/hbucp.hpp"

namespace bpusim {
namespace {

// The address of what has no bytes.
char nothing = 0;

}  // namespace

Result::Result(EngineValue value, std::size_t size)
    : value_(std::move(value)), data_(size == 0 ? &nothing : value_.data()), size_(size) {}

Result::Result(const void* data, std::size_t size)
    : copy_(alignedBytes(std::max<std::size_t>(size, 1))), data_(copy_.get()), size_(size) {
  if (size != 0) {
    std::memcpy(data_, data, size);
  }
}

void handOver(std::vector<Result>& results, bpusimResult* to) {
  std::vector<std::unique_ptr<Result>> owners;
  for (Result& result : results) {
    owners.push_back(result.empty() ? nullptr : std::make_unique<Result>(std::move(result)));
    result = Result();
  }
  for (std::size_t i = 0; i < owners.size(); ++i) {
    to[i] = {};
    if (owners[i] != nullptr) {
      tasks()->countResult(1, owners[i]->size());
      to[i] = {owners[i]->data(), owners[i]->size(), owners[i].get()};
      static_cast<void>(owners[i].release());
    }
  }
}

void releaseResult(void* owner) noexcept {
  if (owner != nullptr) {
    const std::unique_ptr<Result> result(static_cast<Result*>(owner));
    tasks()->countResult(-1, result->size());
  }
}

}  // namespace bpusim
