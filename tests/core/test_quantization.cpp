// dequantize() and quantize() as C++ programs call them. The numbers themselves are compared in
// tests/python/test_quant.py.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/base/vector_target.hpp"
#include "core/quantization/quantization_kernels.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/quantization.hpp"
#include "support/check.hpp"

namespace {

using hbm::DataType;
using hbm::TensorView;

TensorView view(const void* data, DataType dtype, const std::vector<std::int64_t>& shape,
                const std::vector<std::int64_t>& strides) {
  TensorView tensor;
  tensor.data = data;
  tensor.dtype = dtype;
  tensor.rank = static_cast<std::int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), tensor.shape.begin());
  std::copy(strides.begin(), strides.end(), tensor.strides.begin());
  return tensor;
}

std::string refusal(void (*work)(const TensorView&, const hbm::QuantInfo&, const TensorView&), const TensorView& from,
                    const hbm::QuantInfo& quant, const TensorView& to) {
  try {
    work(from, quant, to);
  } catch (const hbm::Error& error) {
    CHECK(error.kind() == hbm::ErrorKind::kInput);
    return error.what();
  }
  return "";
}

constexpr std::array kIntegers{DataType::kS8,  DataType::kU8,  DataType::kS16,
                               DataType::kU16, DataType::kS32, DataType::kU32};
constexpr std::size_t kCount = 1001;

struct Numbers {
  std::vector<float> scales;
  std::vector<std::int32_t> zeroPoints;
};

Numbers numbers(std::int32_t reach) {
  std::mt19937 random(1);
  Numbers result;
  for (std::size_t i = 0; i < kCount; ++i) {
    result.scales.push_back(std::uniform_real_distribution<float>(0.001F, 10.0F)(random));
    result.zeroPoints.push_back(std::uniform_int_distribution<std::int32_t>(-reach, reach)(random));
  }
  return result;
}

std::vector<char> randomBytes() {
  std::mt19937 random(2);
  std::vector<char> bytes(kCount * 8);
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  return bytes;
}

}  // namespace

TEST(padded_rows_are_read_and_padding_of_the_result_is_left_alone) {
  const std::array<std::int8_t, 8> stored{1, 2, 3, 99, 4, 5, 6, 99};
  std::array<float, 8> real{};
  real.fill(-1);
  const hbm::QuantInfo quant{hbm::QuantType::kScale, -1, {1.0F, 0.5F, 2.0F}, {1}};
  hbm::dequantize(view(stored.data(), DataType::kS8, {2, 3}, {4, 1}), quant,
                  view(real.data(), DataType::kF32, {2, 3}, {16, 4}));
  CHECK(real == (std::array<float, 8>{0, 0.5F, 4, -1, 3, 2, 10, -1}));

  std::array<std::int8_t, 8> again{};
  hbm::quantize(view(real.data(), DataType::kF32, {2, 3}, {16, 4}), quant,
                view(again.data(), DataType::kS8, {2, 3}, {4, 1}));
  CHECK(again == (std::array<std::int8_t, 8>{1, 2, 3, 0, 4, 5, 6, 0}));
}

TEST(what_does_not_fit_together_is_refused) {
  const std::array<std::int64_t, 4> memory{};
  const hbm::QuantInfo scale{hbm::QuantType::kScale, 0, {0.5F}, {}};
  const TensorView bytes = view(memory.data(), DataType::kU8, {4}, {1});
  const TensorView real = view(memory.data(), DataType::kF32, {4}, {4});
  CHECK(refusal(&hbm::dequantize, bytes, scale, view(memory.data(), DataType::kF32, {3}, {4})).find("[3]") !=
        std::string::npos);
  CHECK(refusal(&hbm::dequantize, bytes, scale, bytes).find("float32") != std::string::npos);
  CHECK(refusal(&hbm::dequantize, TensorView{}, scale, TensorView{}).find("shape") != std::string::npos);
  CHECK(refusal(&hbm::dequantize, view(memory.data(), DataType::kS4, {4}, {1}), scale, real).find("S4") !=
        std::string::npos);
  CHECK(refusal(&hbm::quantize, real, scale, view(memory.data(), DataType::kS64, {4}, {8})).find("int64") !=
        std::string::npos);
  for (const float bad : {0.0F, -1.0F, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    CHECK(refusal(&hbm::quantize, real, {hbm::QuantType::kScale, 0, {bad}, {}}, bytes).find("scale 0") !=
          std::string::npos);
  }
  CHECK(refusal(&hbm::dequantize, bytes, {hbm::QuantType::kScale, 0, {}, {1}}, real).find("0 scales") !=
        std::string::npos);
}

// The numbers must not depend on the processor.
TEST(wide_kernels_give_the_same_bits_as_plain_ones) {
  if (!hbm::hasWideVectors()) {
    SKIP("this processor has no wide vectors");
  }
  const std::vector<char> stored = randomBytes();
  std::vector<char> reals(kCount * 8);
  std::mt19937 random(3);
  for (std::size_t i = 0; i < kCount; ++i) {
    const double real = i % 17 == 0 ? std::nan("") : std::uniform_real_distribution<double>(-1e5, 1e5)(random);
    std::memcpy(reals.data() + i * 8, &real, 8);
  }
  for (const std::int32_t reach : {0, 1000, std::numeric_limits<std::int32_t>::max()}) {
    const Numbers given = numbers(reach);
    const auto zeroPoints = reach == 0      ? hbm::ZeroPoints::kNone
                            : reach == 1000 ? hbm::ZeroPoints::kSmall
                                            : hbm::ZeroPoints::kAny;
    for (const DataType type : kIntegers) {
      std::array<std::vector<char>, 2> real{std::vector<char>(kCount * 4), std::vector<char>(kCount * 4)};
      std::array<std::vector<char>, 2> back{std::vector<char>(kCount * 4), std::vector<char>(kCount * 4)};
      for (const bool wide : {false, true}) {
        hbm::dequantizeKernel(type, zeroPoints, wide)(stored.data(), real.at(wide).data(), given.scales.data(),
                                                      given.zeroPoints.data(), kCount);
        hbm::quantizeKernel(DataType::kF64, type, wide)(reals.data(), back.at(wide).data(), given.scales.data(),
                                                        given.zeroPoints.data(), kCount);
      }
      CHECK(real[0] == real[1]);
      CHECK(back[0] == back[1]);
    }
  }
}
