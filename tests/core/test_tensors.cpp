// What the device gets and what comes back. The driver copies the bytes of the input to the output, and both have the
// same layout, so outputs show what lay in device memory.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "null_model.hpp"

using hbm::denseView;
using nullmodel::errorOf;
using nullmodel::Loaded;

namespace {

using Sizes = std::vector<std::int64_t>;

std::vector<std::uint8_t> counting(std::size_t count) {
  std::vector<std::uint8_t> values(count);
  std::iota(values.begin(), values.end(), static_cast<std::uint8_t>(1));
  return values;
}

hbm::Call callWith(const hbm::TensorView& input) {
  hbm::Call call;
  call.inputs = {input};
  return call;
}

hbm::DeviceTensor runOne(hbm::Runtime& runtime, const hbm::Call& call) { return runtime.run({call}).front().front(); }

std::uint8_t at(const hbm::DeviceTensor& tensor, const Sizes& index) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    offset += index[i] * tensor.strides[i];
  }
  return static_cast<const std::uint8_t*>(tensor.data)[offset];
}

}  // namespace

TEST(every_element_type_passes_through) {
  for (std::int32_t type = 2; type < 14; ++type) {
    Loaded loaded("copy=1 shape=2x3 dtype=" + std::to_string(type));
    const auto dtype = static_cast<hbm::DataType>(type);
    const std::vector<std::uint8_t> bytes = counting(6 * hbm::elementSize(dtype));
    const hbm::DeviceTensor output = runOne(*loaded, callWith(denseView(bytes.data(), dtype, {2, 3})));
    CHECK(output.dtype == dtype);
    CHECK(output.shape == (Sizes{2, 3}));
    CHECK(std::memcmp(output.data, bytes.data(), bytes.size()) == 0);
  }
}

TEST(a_tensor_without_dimensions_is_one_element) {
  Loaded loaded("copy=1 shape= dtype=3");
  const std::uint8_t value = 42;
  const hbm::DeviceTensor output = runOne(*loaded, callWith(denseView(&value, hbm::DataType::kU8, {})));
  CHECK(output.shape.empty());
  CHECK_EQ(*static_cast<const std::uint8_t*>(output.data), 42);
}

TEST(padded_rows_arrive_where_the_driver_wants_them_and_padding_is_zero) {
  Loaded loaded("copy=1 shape=2x3x5 strides=192x64x1 dtype=3 size=512");
  const std::vector<std::uint8_t> bytes = counting(30);
  for (int round = 0; round < 2; ++round) {  // the second time in used memory
    const hbm::DeviceTensor output = runOne(*loaded, callWith(denseView(bytes.data(), hbm::DataType::kU8, {2, 3, 5})));
    CHECK(output.strides == (Sizes{192, 64, 1}));
    const auto* memory = static_cast<const std::uint8_t*>(output.data);
    CHECK_EQ(std::count(memory, memory + 512, 0), 512 - 30);
    for (std::int64_t i = 0; i < 30; ++i) {
      CHECK_EQ(at(output, {i / 15, i / 5 % 3, i % 5}), bytes[static_cast<std::size_t>(i)]);
    }
    std::memset(output.data, 0xFF, 512);
  }
}

TEST(inputs_of_any_layout_are_read_as_their_strides_say) {
  Loaded loaded("copy=1 shape=3x4 dtype=3");
  const std::vector<std::uint8_t> bytes = counting(24);
  const struct {
    const std::uint8_t* start;
    std::int64_t rows;
    std::int64_t columns;
  } cases[] = {
      {bytes.data(), 4, 1},         // C order
      {bytes.data(), 1, 3},         // Fortran order
      {bytes.data(), 8, 2},         // every second element
      {bytes.data() + 11, -4, -1},  // backwards
      {bytes.data() + 5, 0, 0},     // one element for all
  };
  for (const auto& each : cases) {
    hbm::TensorView view = denseView(each.start, hbm::DataType::kU8, {3, 4});
    view.strides[0] = each.rows;
    view.strides[1] = each.columns;
    const hbm::DeviceTensor output = runOne(*loaded, callWith(view));
    for (std::int64_t i = 0; i < 12; ++i) {
      CHECK_EQ(at(output, {i / 4, i % 4}), each.start[i / 4 * each.rows + i % 4 * each.columns]);
    }
  }
}

TEST(dynamic_strides_are_filled_and_dynamic_dimensions_taken_from_the_input) {
  Loaded loaded("copy=1 shape=1x-1x-1x2 strides=-1x-1x2x1 dtype=3 size=4096");
  const std::vector<std::uint8_t> bytes = counting(30);
  const hbm::DeviceTensor output = runOne(*loaded, callWith(denseView(bytes.data(), hbm::DataType::kU8, {1, 3, 5, 2})));
  CHECK(output.shape == (Sizes{1, 3, 5, 2}));
  CHECK(output.strides == (Sizes{192, 64, 2, 1}));
  for (std::int64_t i = 0; i < 30; ++i) {
    CHECK_EQ(at(output, {0, i / 10, i / 2 % 5, i % 2}), bytes[static_cast<std::size_t>(i)]);
  }
}

TEST(a_dynamic_output_without_size_or_bound_is_refused_on_a_driver_without_extension) {
  Loaded loaded("shape=-1x4 dtype=3");
  const std::vector<std::uint8_t> bytes = counting(8);
  const hbm::Error error =
      errorOf([&] { runOne(*loaded, callWith(denseView(bytes.data(), hbm::DataType::kU8, {2, 4}))); });
  CHECK(error.kind() == hbm::ErrorKind::kUnsupported);
  CHECK_EQ(error.context().tensor, std::string("output"));
  CHECK_EQ(loaded.control.liveTasks.load(), 0);
}

TEST(a_result_that_does_not_fit_into_its_memory_is_the_driver_s_error) {
  Loaded loaded("shape=-1x4 dtype=3 size=8");
  const std::vector<std::uint8_t> bytes = counting(400);
  const hbm::Error error =
      errorOf([&] { runOne(*loaded, callWith(denseView(bytes.data(), hbm::DataType::kU8, {100, 4}))); });
  CHECK(error.kind() == hbm::ErrorKind::kDriver);
  CHECK_EQ(error.context().function, std::string("hbDNNGetTaskOutputTensorProperties"));
  CHECK_EQ(error.context().tensor, std::string("output"));
}

TEST(results_go_to_the_caller_s_array_whatever_its_layout) {
  Loaded loaded("copy=1 shape=3x4 dtype=3");
  const std::vector<std::uint8_t> bytes = counting(12);
  for (const bool transposed : {false, true}) {
    std::vector<std::uint8_t> result(12);
    hbm::Call call = callWith(denseView(bytes.data(), hbm::DataType::kU8, {3, 4}));
    call.outputs = {denseView(result.data(), hbm::DataType::kU8, {3, 4})};
    if (transposed) {
      call.outputs[0].strides[0] = 1;
      call.outputs[0].strides[1] = 3;
    }
    const hbm::DeviceTensor output = runOne(*loaded, call);
    CHECK(output.data == result.data());
    for (std::int64_t i = 0; i < 12; ++i) {
      CHECK_EQ(at(output, {i / 4, i % 4}), bytes[static_cast<std::size_t>(i)]);
    }
  }
}

TEST(tensors_in_device_memory_are_used_in_place) {
  Loaded loaded("copy=1 shape=3x5 strides=64x1 dtype=3");
  const hbm::DeviceTensor input = loaded->allocate(0, hbm::TensorRole::kInput, 0);
  const hbm::DeviceTensor output = loaded->allocate(0, hbm::TensorRole::kOutput, 0);
  const std::int64_t allocations = loaded.control.calls[testdriver::k_hbUCPMallocCached];
  static_cast<std::uint8_t*>(input.data)[64] = 9;
  hbm::Call call = callWith(hbm::viewOf(input));
  call.outputs = {hbm::viewOf(output)};
  const hbm::DeviceTensor result = runOne(*loaded, call);
  CHECK(result.data == output.data);
  CHECK_EQ(at(result, {1, 0}), 9);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbUCPMallocCached].load(), allocations);
}

TEST(two_requests_in_flight_may_not_write_the_same_memory) {
  Loaded loaded("hold=1 shape=4 dtype=3");
  const hbm::DeviceTensor output = loaded->allocate(0, hbm::TensorRole::kOutput, 0);
  const std::vector<std::uint8_t> bytes = counting(4);
  hbm::Call call = callWith(denseView(bytes.data(), hbm::DataType::kU8, {4}));
  call.outputs = {hbm::viewOf(output)};
  const auto first = loaded->start(call);
  const auto second = loaded->start(call);
  CHECK(second->error()->kind() == hbm::ErrorKind::kState);
  loaded.control.finishAll(0);
  CHECK(first->wait(nullmodel::kPatience));
  const auto third = loaded->start(call);
  loaded.control.finishAll(0);
  CHECK(third->wait(nullmodel::kPatience) && !third->error());
}

TEST(what_is_wrong_with_a_call_is_found_before_the_driver_is_touched) {
  Loaded loaded("shape=2x-1 dtype=3 size=64");
  const std::vector<std::uint8_t> bytes = counting(400);
  const auto good = denseView(bytes.data(), hbm::DataType::kU8, {2, 4});
  const auto changed = [&](auto change) {
    hbm::Call call = callWith(good);
    change(call);
    return call;
  };
  const struct {
    hbm::Call call;
    const char* text;
    const char* tensor;
    hbm::ErrorKind kind = hbm::ErrorKind::kInput;
  } cases[] = {
      {changed([](auto& call) { call.inputs[0].dtype = hbm::DataType::kF32; }), "expected dtype uint8", "data"},
      {changed([](auto& call) { call.inputs[0].rank = 3; }), "expected 2 dimensions", "data", hbm::ErrorKind::kShape},
      {changed([](auto& call) { call.inputs[0].shape[0] = 3; }), "expected shape [2, -1], given [3, 4]", "data",
       hbm::ErrorKind::kShape},
      {changed([](auto& call) { call.inputs[0].rank = -1; }), "is missing", "data"},
      {changed([](auto& call) { call.inputs.clear(); }), "expected 1 inputs, given 0", ""},
      {changed([](auto& call) { call.inputs.push_back(call.inputs[0]); }), "expected 1 inputs, given 2", ""},
      {changed([&](auto& call) { call.outputs = {good, good}; }), "expected 1 outputs, given 2", ""},
      {changed([&](auto& call) {
         call.outputs = {good};
         call.outputs[0].dtype = hbm::DataType::kS8;
       }),
       "expected dtype uint8", "output"},
      {changed([](auto& call) { call.sched.priority = 256; }), "priority 256", ""},
      {changed([](auto& call) { call.model = 7; }), "no model with index 7", ""},
  };
  const auto calls = [&] {
    std::int64_t sum = 0;
    for (const auto& count : loaded.control.calls) {
      sum += count;
    }
    return sum;
  };
  const std::int64_t before = calls();
  for (const auto& each : cases) {
    const hbm::Error error = errorOf([&] { static_cast<void>(loaded->run({each.call})); });
    CHECK(error.kind() == each.kind);
    CHECK(std::string(error.what()).find(each.text) != std::string::npos);
    CHECK_EQ(error.context().tensor, std::string(each.tensor));
    CHECK(errorOf([&] { static_cast<void>(loaded->start(each.call)); }).kind() == each.kind);
  }
  CHECK_EQ(calls(), before);
}

TEST(four_bit_tensors_are_refused_with_what_to_do) {
  for (const char* type : {"0", "1"}) {
    Loaded loaded(std::string("shape=4 dtype=") + type);
    const std::vector<std::uint8_t> bytes = counting(4);
    const hbm::Error error =
        errorOf([&] { runOne(*loaded, callWith(denseView(bytes.data(), hbm::DataType::kU8, {4}))); });
    CHECK(error.kind() == hbm::ErrorKind::kInput);
    CHECK(std::string(error.what()).find("compile the model with 8-bit inputs") != std::string::npos);
  }
}
