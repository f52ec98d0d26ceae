// What bpusim reads from ONNX files by itself, and how it edits them.
#include "dnn/base/error.hpp"
#include "dnn/graph/onnx_constants.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/graph/onnx_graph.hpp"
#include "files.hpp"

using bpusim::ConstantFiles;
using bpusim::readOnnx;

TEST(names_nodes_and_ends_of_a_graph_are_read) {
  const std::string file = files::content("metadata.onnx");
  const auto graph = readOnnx(file);
  CHECK(graph.has_value());
  CHECK_EQ(std::string(graph->name), std::string("the graph"));
  CHECK_EQ(graph->nodes.size(), 2U);
  CHECK_EQ(std::string(graph->nodes[0].name), std::string("mul"));
  CHECK_EQ(std::string(graph->nodes[0].type), std::string("Mul"));
  CHECK_EQ(std::string(graph->nodes[1].outputs.at(0)), std::string("y"));
  CHECK_EQ(std::string(graph->inputs.at(0).description), std::string("what goes in"));
  CHECK(graph->outputs.at(0).hasShape);
}

TEST(a_scalar_and_an_unknown_rank_are_told_apart) {
  const std::string scalar = files::content("scalar.onnx");
  const std::string unknown = files::content("unknown_rank.onnx");
  CHECK(readOnnx(scalar)->outputs.at(0).hasShape);
  CHECK(!readOnnx(unknown)->outputs.at(0).hasShape);
}

TEST(what_is_no_onnx_model_is_told_apart) {
  for (const char* const name : {"empty.onnx", "text.onnx", "vendor.hbm", "plain.hbm"}) {
    const std::string bytes = files::content(name);
    CHECK(!readOnnx(bytes).has_value());
  }
  // Keys and lengths that protobuf does not allow, or that lead out of the bytes.
  for (const std::string_view bytes :
       {std::string_view("\x00\x00", 2), std::string_view("\x3a\x05\x01"), std::string_view("\x08"),
        std::string_view("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), std::string_view("\x0b\x0c"),
        std::string_view("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), std::string_view("\x09\x01\x02"),
        std::string_view("\x08\x07"), std::string_view("\x3a\x00", 2)}) {
    CHECK(!readOnnx(bytes).has_value());
  }
}

TEST(every_cut_and_every_flipped_bit_is_survived) {
  const std::string good = files::content("affine.onnx");
  for (std::size_t i = 0; i < good.size(); ++i) {
    static_cast<void>(readOnnx(std::string_view(good).substr(0, i)));
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      if (!readOnnx(changed).has_value()) {
        continue;
      }
      try {
        static_cast<void>(bpusim::withInputShapes(changed, {{"x", {1, 3, 4}}}));
        static_cast<void>(bpusim::withOutputs(changed, {"t"}));
        static_cast<void>(bpusim::withWeightsIn(changed, "f", 4096, 100));
        ConstantFiles files("weights", "0123456789");
        static_cast<void>(bpusim::withoutWeights(changed, files));
        static_cast<void>(bpusim::withConstants(changed, files));
      } catch (const bpusim::Error& error) {
        CHECK_EQ(error.status(), HB_DNN_INVALID_MODEL);
      }
    }
  }
}

namespace {

// A field of a message that holds less than 128 bytes.
std::string text(char number, const std::string& value) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(value.size()) + value;
}

// A tensor of 64 elements whose bytes lie elsewhere.
std::string external(const std::string& name, const std::string& offset, const std::string& length) {
  const auto entry = [&](const std::string& key, const std::string& value) {
    return text(13, text(1, key) + text(2, value));
  };
  return "\x08\x40\x10\x01" + text(8, name) + "\x70\x01" + entry("location", "weights") + entry("offset", offset) +
         entry("length", length);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class Function>
void checkRefused(Function&& function) {
  std::int32_t status = 0;
  try {
    function();
  } catch (const bpusim::Error& error) {
    status = error.status();
  }
  CHECK_EQ(status, HB_DNN_INVALID_MODEL);
}

}  // namespace

TEST(constants_come_into_the_model_wherever_it_names_them) {
  const std::string tensor = external("w", "2", "3");
  const std::string inGraph = text(7, text(5, tensor));
  const std::string inNode = text(7, text(1, text(4, "Constant") + text(5, text(5, tensor))));
  const std::string inBranch = text(7, text(1, text(4, "If") + text(5, text(6, text(5, tensor)))));
  for (const std::string& model : {inGraph, inNode, inBranch}) {
    for (const auto copy : {bpusim::withConstants, bpusim::withoutWeights}) {
      ConstantFiles files("weights", "0123456789");
      const std::string whole = copy(model, files);
      CHECK(has(whole, text(9, "234")));
      CHECK(!has(whole, "weights"));
      ConstantFiles others("others", "0123456789");
      checkRefused([&] { static_cast<void>(copy(model, others)); });
      ConstantFiles shorter("weights", "0123");
      checkRefused([&] { static_cast<void>(copy(model, shorter)); });
    }
  }
}

TEST(large_constants_become_inputs_where_only_shapes_matter) {
  const std::string large = external("w", "0", "100000");
  ConstantFiles files("weights", "");
  const std::string input = text(11, text(1, "w") + text(2, text(1, "\x08\x01" + text(2, text(1, "\x08\x40")))));
  CHECK_EQ(bpusim::withoutWeights(text(7, text(5, large)), files), text(7, input));
  const std::string node = text(1, text(2, "w") + text(4, "Constant") + text(5, text(5, large)));
  CHECK_EQ(bpusim::withoutWeights(text(7, node), files), text(7, input));
  // It was one before, which the model may be given another value for.
  const std::string given = text(11, text(1, "w"));
  CHECK_EQ(bpusim::withoutWeights(text(7, given + text(5, large)), files), text(7, given));
}

TEST(weights_are_named_in_another_file) {
  const auto constant = [](const std::string& offset, const std::string& length) {
    return text(7, text(5, external("w", offset, length)) + text(5, text(8, "inside")));
  };
  const std::string edited = bpusim::withWeightsIn(constant("64", "36"), "net.hbm", 4096, 100);
  CHECK(edited.find("net.hbm") != std::string::npos);
  CHECK(edited.find("weights") == std::string::npos);
  CHECK(edited.find("4160") != std::string::npos);
  CHECK(edited.find("inside") != std::string::npos);
  for (const auto& [offset, length] : {std::pair("64", "37"), std::pair("101", "0"), std::pair("x", "1"),
                                       std::pair("18446744073709551615", "2"), std::pair("1", "-1")}) {
    checkRefused(
        [model = constant(offset, length)] { static_cast<void>(bpusim::withWeightsIn(model, "f", 4096, 100)); });
  }
}

TEST(outputs_are_added_after_the_graphs_own) {
  const std::string good = files::content("affine.onnx");
  const std::string edited = bpusim::withOutputs(good, {"t"});
  const auto graph = readOnnx(edited);
  CHECK_EQ(graph->outputs.size(), 2U);
  CHECK_EQ(std::string(graph->outputs[0].name), std::string("y"));
  CHECK_EQ(std::string(graph->outputs[1].name), std::string("t"));
  CHECK_EQ(graph->nodes.size(), 2U);
}

TEST(shapes_are_replaced_at_the_inputs_and_forgotten_elsewhere) {
  const std::string good = files::content("dynamic.onnx");
  const std::string edited = bpusim::withInputShapes(good, {{"x", {5, 3}}});
  const auto graph = readOnnx(edited);
  CHECK(graph->inputs.at(0).hasShape);
  CHECK(!graph->outputs.at(0).hasShape);
  CHECK_EQ(std::string(graph->inputs.at(0).description), std::string("what goes in"));
  CHECK(edited.find("batch") == std::string::npos);
}
