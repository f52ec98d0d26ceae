#include "dnn/files/host_file_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "dnn/base/tensor_types.hpp"

namespace bpusim {
namespace {

constexpr std::int64_t kDynamic = -1;

// Length of the UTF-8 sequence that starts at text[0], 0 when it is none (overlong forms and surrogates included).
[[nodiscard]] std::size_t sequenceLength(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xc2 && first <= 0xdf) {
    return continues(1, 0x80, 0xbf) ? 2 : 0;
  }
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) && continues(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

void checkStrides(const HostTensor& tensor, const std::string& where) {
  if (tensor.strides.size() != tensor.shape.size()) {
    throw HostFileError(where + ": the numbers of strides and dimensions differ");
  }
  if (tensor.shape.empty()) {
    return;
  }
  if (tensor.strides.back() != elementSize(tensor.dataType)) {
    throw HostFileError(where + ": the innermost stride is not the size of an element");
  }
  // What lies in one step of a dimension; what is dynamic counts with the least that it can be.
  std::int64_t least = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    const std::int64_t stride = tensor.strides[i] == kDynamic ? least : tensor.strides[i];
    if (stride < least) {
      throw HostFileError(where + ": stride " + std::to_string(i) + " is " + std::to_string(stride) + ", at least " +
                          std::to_string(least) + " is needed");
    }
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>(tensor.shape[i], 1), &least)) {
      throw HostFileError(where + ": it is too large");
    }
  }
}

void checkSize(const HostTensor& tensor, bool isOutput, const std::string& where) {
  const bool dynamic = std::count(tensor.shape.begin(), tensor.shape.end(), kDynamic) != 0 ||
                       std::count(tensor.strides.begin(), tensor.strides.end(), kDynamic) != 0;
  if (isOutput && hasUnknownRank(tensor)) {
    return;
  }
  std::int64_t least = elementSize(tensor.dataType);
  if (dynamic) {
    if (tensor.alignedSize != kDynamic && (!isOutput || tensor.alignedSize < 1)) {
      throw HostFileError(where + ": the aligned size of a dynamic tensor is " + std::to_string(tensor.alignedSize));
    }
    return;
  }
  if (!tensor.shape.empty()) {
    least = tensor.strides[0] * tensor.shape[0];  // checked above
  }
  if (tensor.alignedSize < least) {
    throw HostFileError(where + ": the aligned size is " + std::to_string(tensor.alignedSize) + ", the tensor needs " +
                        std::to_string(least));
  }
}

void checkQuantisation(const HostTensor& tensor, const std::string& where) {
  if (tensor.quantiType == NONE) {
    if (!tensor.scales.empty() || !tensor.zeroPoints.empty()) {
      throw HostFileError(where + ": it has scales or zero points and is not quantised");
    }
    return;
  }
  if (tensor.quantiType != SCALE) {
    throw HostFileError(where + ": quantisation type " + std::to_string(tensor.quantiType) + " is unknown");
  }
  const auto rank = static_cast<std::int64_t>(tensor.shape.size());
  if (tensor.quantiAxis < -1 || tensor.quantiAxis >= rank) {
    throw HostFileError(where + ": quantisation axis " + std::to_string(tensor.quantiAxis) + " of " +
                        std::to_string(rank) + " dimensions");
  }
  const std::int64_t channels = tensor.quantiAxis < 0 ? 1 : tensor.shape[static_cast<std::size_t>(tensor.quantiAxis)];
  for (const std::size_t count : {tensor.scales.size(), tensor.zeroPoints.size()}) {
    if (count > 1 && static_cast<std::int64_t>(count) != channels) {
      throw HostFileError(where + ": " + std::to_string(count) + " scales or zero points for " +
                          std::to_string(channels) + " channels");
    }
  }
}

}  // namespace

void checkText(std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const std::size_t length = text[0] == '\0' ? 0 : sequenceLength(text);
    if (length == 0) {
      throw HostFileError(what + " is not UTF-8 text");
    }
    text.remove_prefix(length);
  }
}

void checkName(std::string_view name, const std::string& what) {
  if (name.empty()) {
    throw HostFileError(what + " is empty");
  }
  checkText(name, what);
}

void checkTensor(const HostTensor& tensor, bool isOutput, const std::string& where) {
  checkName(tensor.name, "the name of a tensor");
  checkName(tensor.graphName, where + ": the graph name");
  if (elementSize(tensor.dataType) == 0) {
    throw HostFileError(where + ": data type " + std::to_string(tensor.dataType) + " is not possible");
  }
  if (tensor.shape.size() > HB_DNN_TENSOR_MAX_DIMENSIONS) {
    throw HostFileError(where + ": it has " + std::to_string(tensor.shape.size()) + " dimensions, at most 10 fit");
  }
  for (const std::int64_t dimension : tensor.shape) {
    if (dimension != kDynamic && (dimension < 0 || dimension > std::numeric_limits<std::int32_t>::max())) {
      throw HostFileError(where + ": dimension " + std::to_string(dimension) + " is not possible");
    }
  }
  checkStrides(tensor, where);
  checkSize(tensor, isOutput, where);
  checkQuantisation(tensor, where);
}

}  // namespace bpusim
