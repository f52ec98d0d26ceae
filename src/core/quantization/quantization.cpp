#include "hbm_runtime/quantization.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/vector_target.hpp"
#include "core/model/strides.hpp"
#include "core/quantization/quantization_kernels.hpp"
#include "core/request/call_check.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(const char* function, const std::string& text) {
  throw Error(ErrorKind::kInput, std::string(function) + "(): " + text);
}

std::string shapeOf(const TensorView& view) {
  return describeShape(view.shape.data(), static_cast<std::size_t>(std::max(view.rank, 0)));
}

// One scale and one zero point for each element of the axis; axis -1 and one of each when they are per tensor.
struct Parameters {
  std::int32_t axis = -1;
  std::vector<float> scales{1.0F};
  std::vector<std::int32_t> zeroPoints{0};

  [[nodiscard]] ZeroPoints reach() const {
    ZeroPoints reach = ZeroPoints::kNone;
    for (const std::int32_t each : zeroPoints) {
      if (each < -kSmallZeroPoint || each > kSmallZeroPoint) {
        return ZeroPoints::kAny;
      }
      reach = each != 0 ? ZeroPoints::kSmall : reach;
    }
    return reach;
  }
};

std::int32_t axisOf(const char* function, const TensorView& view, const QuantInfo& quant, std::size_t count) {
  const std::int32_t axis = quant.axis < 0 ? quant.axis + view.rank : quant.axis;
  const auto length = static_cast<std::int64_t>(count);
  if (axis >= 0 && axis < view.rank && view.shape.at(static_cast<std::size_t>(axis)) == length) {
    return axis;
  }
  std::string fitting;
  for (std::int32_t i = 0; i < view.rank; ++i) {
    if (view.shape.at(static_cast<std::size_t>(i)) == length) {
      fitting += (fitting.empty() ? "" : " or ") + std::to_string(i);
    }
  }
  refuse(function, "there are " + std::to_string(count) + " scales or zero points for axis " +
                       std::to_string(quant.axis) + ", but the array has the shape " + shapeOf(view) +
                       (fitting.empty() ? "" : "; if it was transposed, give QuantParams with axis=" + fitting));
}

Parameters parametersOf(const char* function, const TensorView& view, const QuantInfo& quant) {
  Parameters parameters;
  if (quant.type == QuantType::kNone) {
    return parameters;
  }
  if (quant.type != QuantType::kScale) {
    refuse(function, "quantised as " + std::to_string(static_cast<std::int32_t>(quant.type)) +
                         ", which this version does not know");
  }
  const std::size_t scales = quant.scales.size();
  const std::size_t zeroPoints = quant.zeroPoints.size();
  const std::size_t count = std::max(scales, zeroPoints);
  if (scales == 0 || (scales != 1 && scales != count) || (zeroPoints > 1 && zeroPoints != count)) {
    refuse(function,
           "expected one scale, or one for each element of the axis, and as many zero points or none; given " +
               std::to_string(scales) + " scales and " + std::to_string(zeroPoints) + " zero points");
  }
  if (count > 1) {
    parameters.axis = axisOf(function, view, quant, count);
  }
  parameters.scales = scales == count ? quant.scales : std::vector<float>(count, quant.scales.front());
  parameters.zeroPoints = zeroPoints == count
                              ? quant.zeroPoints
                              : std::vector<std::int32_t>(count, zeroPoints == 0 ? 0 : quant.zeroPoints.front());
  return parameters;
}

void checkShapes(const char* function, const TensorView& from, const TensorView& to) {
  const auto rank = static_cast<std::size_t>(std::max(from.rank, 0));
  if (from.rank < 0 || from.rank != to.rank ||
      !std::equal(from.shape.begin(), from.shape.begin() + rank, to.shape.begin())) {
    refuse(function, "the result has the shape " + shapeOf(to) + ", the array " + shapeOf(from));
  }
}

// Elements are converted in blocks of this size where they cannot be in place, and parameters are laid out that far.
constexpr std::int64_t kBlock = 512;
// Rows shorter than this are worth joining into longer ones.
constexpr std::int64_t kShortRow = 64;
constexpr std::int64_t kLargestElement = 8;

struct Dimension {
  std::int64_t size;
  std::int64_t from;  // bytes between elements
  std::int64_t to;
};

// Walks two tensors of one shape and hands rows of elements to a kernel, each element with its parameters.
class Pass {
 public:
  Pass(const TensorView& from, const TensorView& to, const Parameters& parameters, QuantKernel kernel)
      : from_(static_cast<const char*>(from.data)),
        to_(static_cast<char*>(const_cast<void*>(to.data))),
        fromSize_(static_cast<std::int64_t>(elementSize(from.dtype))),
        toSize_(static_cast<std::int64_t>(elementSize(to.dtype))),
        parameters_(parameters),
        kernel_(kernel) {
    join(from, to);
    layOut();
  }

  // Elements are converted to F32 before the kernel gets them.
  void widenFirst(QuantKernel kernel) { widen_ = kernel; }

  void run() {
    if (!empty_) {
      walk(0, from_, to_);
    }
  }

 private:
  [[nodiscard]] static bool continues(const Dimension& outer, const Dimension& inner) {
    return outer.from == inner.from * inner.size && outer.to == inner.to * inner.size;
  }

  // Makes as few dimensions as possible of the tensors'; that of the channels stays alone.
  void join(const TensorView& from, const TensorView& to) {
    for (std::int32_t i = 0; i < from.rank; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const Dimension dimension{from.shape.at(at), from.strides.at(at), to.strides.at(at)};
      empty_ = empty_ || dimension.size == 0;
      if (i == parameters_.axis) {
        channel_ = dimensions_.size();
        dimensions_.push_back(dimension);
      } else if (dimension.size != 1) {
        if (!dimensions_.empty() && channel_ + 1 != dimensions_.size() && continues(dimensions_.back(), dimension)) {
          dimensions_.back() = {dimensions_.back().size * dimension.size, dimension.from, dimension.to};
        } else {
          dimensions_.push_back(dimension);
        }
      }
    }
    if (dimensions_.empty()) {
      dimensions_.push_back({1, fromSize_, toSize_});
    }
  }

  // Chooses what a row is and lays the parameters of its elements out in tiles.
  void layOut() {
    std::size_t last = dimensions_.size() - 1;
    std::int64_t repeat = 1;
    if (channel_ != kNoChannel && channel_ + 1 == last && dimensions_[last].size < kShortRow &&
        continues(dimensions_[channel_], dimensions_[last])) {
      repeat = dimensions_[last].size;
      joinLastTwo();
      last = channel_;
    }
    if (channel_ != last) {
      fillTile(0);
      return;
    }
    const std::int64_t period = dimensions_[last].size;
    if (last > 0 && continues(dimensions_[last - 1], dimensions_[last])) {
      joinLastTwo();
    }
    channel_ = kNoChannel;
    const std::int64_t tile = (kBlock + period - 1) / std::max<std::int64_t>(period, 1) * period;
    for (std::int64_t i = 0; i < tile; ++i) {
      const auto element = static_cast<std::size_t>(i % period / repeat);
      scales_.push_back(parameters_.scales[element]);
      zeroPoints_.push_back(parameters_.zeroPoints[element]);
    }
  }

  void joinLastTwo() {
    const Dimension inner = dimensions_.back();
    dimensions_.pop_back();
    dimensions_.back() = {dimensions_.back().size * inner.size, inner.from, inner.to};
  }

  void fillTile(std::size_t element) {
    const auto length = static_cast<std::size_t>(std::min(kBlock, std::max<std::int64_t>(dimensions_.back().size, 1)));
    scales_.assign(length, parameters_.scales[element]);
    zeroPoints_.assign(length, parameters_.zeroPoints[element]);
  }

  void walk(std::size_t index, const char* from, char* to) {
    const Dimension& dimension = dimensions_[index];
    if (index + 1 == dimensions_.size()) {
      row(dimension, from, to);
      return;
    }
    for (std::int64_t i = 0; i < dimension.size; ++i) {
      if (index == channel_) {
        fillTile(static_cast<std::size_t>(i));
      }
      walk(index + 1, from + i * dimension.from, to + i * dimension.to);
    }
  }

  void row(const Dimension& row, const char* from, char* to) {
    const bool fromDense = row.from == fromSize_ && widen_ == nullptr;
    const bool toDense = row.to == toSize_;
    const auto tile = static_cast<std::int64_t>(scales_.size());
    for (std::int64_t done = 0; done < row.size;) {
      const std::int64_t offset = done % tile;
      std::int64_t count = std::min(row.size - done, tile - offset);
      if (!fromDense || !toDense) {
        count = std::min(count, kBlock);
      }
      const char* source = from + done * row.from;
      char* target = to + done * row.to;
      kernel_(fromDense ? source : gather(source, row.from, count), toDense ? target : toBlock_.data(),
              scales_.data() + offset, zeroPoints_.data() + offset, count);
      if (!toDense) {
        scatter(target, row.to, count);
      }
      done += count;
    }
  }

  const char* gather(const char* from, std::int64_t stride, std::int64_t count) {
    const auto size = static_cast<std::size_t>(fromSize_);
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(fromBlock_.data() + i * fromSize_, from + i * stride, size);
    }
    if (widen_ == nullptr) {
      return fromBlock_.data();
    }
    widen_(fromBlock_.data(), wideBlock_.data(), nullptr, nullptr, count);
    return wideBlock_.data();
  }

  void scatter(char* to, std::int64_t stride, std::int64_t count) const {
    const auto size = static_cast<std::size_t>(toSize_);
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(to + i * stride, toBlock_.data() + i * toSize_, size);
    }
  }

  static constexpr auto kNoChannel = static_cast<std::size_t>(-2);  // and its successor is no index either
  using Block = std::array<char, static_cast<std::size_t>(kBlock* kLargestElement)>;

  const char* from_;
  char* to_;
  std::int64_t fromSize_;
  std::int64_t toSize_;
  const Parameters& parameters_;
  QuantKernel kernel_;
  QuantKernel widen_ = nullptr;
  bool empty_ = false;
  std::size_t channel_ = kNoChannel;  // which dimension chooses the parameters of whole rows
  std::vector<Dimension> dimensions_;
  std::vector<float> scales_;  // of the elements of a row, from its beginning
  std::vector<std::int32_t> zeroPoints_;
  Block fromBlock_{};
  Block wideBlock_{};
  Block toBlock_{};
};

bool isFloating(DataType type) { return type == DataType::kF16 || type == DataType::kF32 || type == DataType::kF64; }

}  // namespace

void dequantize(const TensorView& stored, const QuantInfo& quant, const TensorView& real) {
  constexpr const char* kName = "dequantize";
  checkShapes(kName, stored, real);
  if (real.dtype != DataType::kF32) {
    refuse(kName, "the result must have dtype float32, not " + describeType(real.dtype));
  }
  const bool asItIs = isFloating(stored.dtype) || quant.type == QuantType::kNone;
  const Parameters parameters = asItIs ? Parameters{} : parametersOf(kName, stored, quant);
  const QuantKernel kernel =
      asItIs ? convertKernel(stored.dtype) : dequantizeKernel(stored.dtype, parameters.reach(), hasWideVectors());
  if (kernel == nullptr) {
    refuse(kName,
           "quantised arrays are int8, uint8, int16, uint16, int32 or uint32, not " + describeType(stored.dtype));
  }
  Pass(stored, real, parameters, kernel).run();
}

void quantize(const TensorView& real, const QuantInfo& quant, const TensorView& stored) {
  constexpr const char* kName = "quantize";
  checkShapes(kName, real, stored);
  if (!isFloating(real.dtype)) {
    refuse(kName, "expected an array of float16, float32 or float64, given " + describeType(real.dtype));
  }
  const bool half = real.dtype == DataType::kF16;
  const QuantKernel kernel = quantizeKernel(half ? DataType::kF32 : real.dtype, stored.dtype, hasWideVectors());
  if (kernel == nullptr) {
    refuse(kName, "the result can be int8, uint8, int16, uint16, int32 or uint32, not " + describeType(stored.dtype));
  }
  const Parameters parameters = parametersOf(kName, real, quant);
  for (std::size_t i = 0; i < parameters.scales.size(); ++i) {
    if (!(parameters.scales[i] > 0) || std::isinf(parameters.scales[i])) {
      refuse(kName, "scale " + std::to_string(i) + " is " + std::to_string(parameters.scales[i]) +
                        "; scales are finite and greater than 0");
    }
  }
  Pass pass(real, stored, parameters, kernel);
  if (half) {
    pass.widenFirst(convertKernel(DataType::kF16));
  }
  pass.run();
}

}  // namespace hbm
