//===- KeptHeadsTest.cpp - heads that stay attention ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "test/unit/TemporaryFolder.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

/// The teacher of the examples: 4 layers of 4 heads on 2 key heads, 32 channels each.
struct Teacher {
  std::string text;
  xlstm::ParamMap params;
};

const Teacher &teacher() {
  static const Teacher result = [] {
    TemporaryFolder folder;
    xlstm::importHuggingFace(std::string(XLSTM_EXAMPLES) + "/tiny-llama", folder.path / "teacher");
    Teacher teacher{xlstm::readTextFile(folder.path / "teacher" / "model.mlir"), {}};
    teacher.params = xlstm::loadParams(xlstm::Program::parse(teacher.text, "teacher").function("model"),
                                       xlstm::WeightFiles::open(folder.path / "teacher"), at::kDouble);
    return teacher;
  }();
  return result;
}

struct Model {
  xlstm::Program program;
  xlstm::ParamMap params; // of the teacher, and the new ones, the same for the same name
};

/// What `pipeline` makes of the teacher. New tensors are far from their initial values, and those of a subset of the
/// heads are these heads' rows of what all have: `kept` has the heads without rows, by layer.
Model derive(const std::string &pipeline, const std::map<int64_t, std::vector<int64_t>> &kept = {}) {
  Model model{xlstm::Program::parse(xlstm::rewriteModule(teacher().text, "teacher", pipeline), "model"),
              teacher().params};
  for (auto &[name, tensor] : xlstm::initialParams(model.program.function("model"), at::kDouble)) {
    Shape shape = tensor.sizes().vec();
    shape[0] = 4;
    Tensor all = randomTensor(shape, std::hash<std::string>()(name) % 1000, -0.3, 0.3);
    std::vector<Tensor> rows;
    int64_t layer = name[std::string("model.layers.").size()] - '0';
    for (int64_t head = 0; head < 4; ++head)
      if (auto found = kept.find(layer); found == kept.end() || std::ranges::find(found->second, head) == found->second.end())
        rows.push_back(all.narrow(0, head, 1));
    model.params[name] = at::cat(rows);
  }
  return model;
}

struct Recorder : xlstm::EvalObserver {
  std::map<int64_t, Tensor> mixed;
  void onMixerOutput(int64_t layer, const Tensor &h) override { mixed[layer] = h; }
};

/// The mixer's output of layer 0, whose input is the same in all models, [B, T, heads, channels].
Tensor firstMixer(const Model &model, const Tensor &ids, const Tensor &docs) {
  Recorder seen;
  xlstm::EvalOptions options = Double;
  options.observer = &seen;
  model.program.run("model", {ids, docs}, model.params, options);
  const Tensor &h = seen.mixed.at(0);
  return h.view({h.size(0), h.size(1), 4, h.size(2) / 4});
}

Tensor someIds(int64_t B, int64_t T) { return (randomTensor({B, T}, 5, 0, 1) * 2047).to(at::kLong); }

const std::vector<std::vector<int64_t>> Sets = {{1}, {2, 3}, {0, 2}, {0, 1, 2}, {3, 1, 0}};

std::string listOf(const std::vector<int64_t> &heads) {
  std::string text;
  for (int64_t head : heads)
    text += (text.empty() ? "" : ",") + std::to_string(head);
  return text;
}

} // namespace

TEST(HeadOps, takeAndJoin) {
  Tensor x = randomTensor({2, 3, 4, 5}, 1), y = randomTensor({2, 3, 2, 5}, 2);
  Tensor taken = at::cat({x.narrow(2, 3, 1), x.narrow(2, 0, 2), x.narrow(2, 0, 1)}, 2);
  Tensor got = evalOp("lm.take_heads $0 [3, 0, 1, 0]", {x}, {{2, 3, 4, 5}}, at::kDouble, "tensor<2x3x4x5xf32> to tensor<2x3x4x5xf32>")[0];
  EXPECT_TRUE(got.equal(taken));
  Tensor joined = evalOp("lm.join_heads $0, $1 [5, 0, 1, 3, 4, 2]", {x, y}, {{2, 3, 6, 5}}, at::kDouble,
                         "tensor<2x3x4x5xf32>, tensor<2x3x2x5xf32> to tensor<2x3x6x5xf32>")[0];
  for (auto [from, to] : std::vector<std::pair<int64_t, int64_t>>{{0, 5}, {1, 0}, {2, 1}, {3, 3}})
    EXPECT_TRUE(joined.select(2, to).equal(x.select(2, from))) << from;
  EXPECT_TRUE(joined.select(2, 4).equal(y.select(2, 0)) && joined.select(2, 2).equal(y.select(2, 1)));
}

// Every kept head gives what the teacher's gives, every other what a student without kept heads gives.
TEST(KeptHeads, areTheTeachersAndTheOthersTheStudents) {
  Tensor ids = someIds(2, 40), docs = documents(2, 40, {{15, 25}, {40}});
  Tensor teachers = firstMixer(derive("cse"), ids, docs);
  for (const std::string mixer : {"hybrid", "mlstm", "window", "gated_delta"}) {
    std::string options = "mixer=" + mixer + " window=8 sinks=3 chunk=16";
    Tensor students = firstMixer(derive("xlstm-linearize{" + options + "}"), ids, docs);
    for (const std::vector<int64_t> &kept : Sets) {
      std::string keep = " keep-heads=0:" + listOf(kept);
      Tensor h = firstMixer(derive("xlstm-linearize{" + options + keep + "}", {{0, kept}}), ids, docs);
      for (int64_t head = 0; head < 4; ++head) {
        bool isKept = std::ranges::find(kept, head) != kept.end();
        EXPECT_LT(error(h.select(2, head), (isKept ? teachers : students).select(2, head)), 1e-12) << mixer << keep << ' ' << head;
      }
      EXPECT_GT(error(students, teachers), 1e-2);
    }
  }
}

TEST(KeptHeads, prefillAndDecodeContinueTheForward) {
  constexpr int64_t T = 45;
  Tensor ids = someIds(2, T), docs = documents(2, T, {{T}});
  for (const std::string fuse : {"", ",xlstm-fuse-hybrid"}) {
    Model model = derive("xlstm-student-pipeline{window=8 sinks=3 chunk=16 context=" + std::to_string(T) +
                             " keep-heads=0:1;1:2,3;2:0,1,2}" + fuse,
                         {{0, {1}}, {1, {2, 3}}, {2, {0, 1, 2}}});
    Tensor want = model.program.run("model", {ids, docs}, model.params, Double)[0];
    Tensors state = model.program.initialState("prefill", 2, at::kDouble);
    int64_t done = 0;
    for (int64_t count : {17, 1, 12, 3, 1, 1, 10}) {
      Tensors arguments = {ids.narrow(1, done, count), at::full({2}, done, at::kInt)};
      arguments.insert(arguments.end(), state.begin(), state.end());
      Tensors results = model.program.run(count == 1 ? "decode" : "prefill", arguments, model.params, Double);
      done += count;
      EXPECT_LT(error(results[0], want.narrow(1, done - 1, 1)), 1e-11) << "up to " << done;
      state.assign(results.begin() + 1, results.end());
    }
  }
}

// Ordered for an executable, a student is the same: whole key heads, single ones and uneven ones, in every mixer.
TEST(KeptHeads, orderedAreTheSame) {
  Tensor ids = someIds(2, 40), docs = documents(2, 40, {{15, 25}, {40}});
  for (const std::string mixer : {"hybrid", "mlstm", "window", "gated_delta"})
    for (const std::vector<int64_t> &kept : Sets) {
      std::string passes = "xlstm-linearize{mixer=" + mixer +
                           " window=8 sinks=3 chunk=16 keep-heads=0:" + listOf(kept) + ";1:2,3;3:0,1}";
      std::map<int64_t, std::vector<int64_t>> heads = {{0, kept}, {1, {2, 3}}, {3, {0, 1}}};
      Model student = derive(passes, heads), ordered = derive(passes + ",xlstm-order-heads", heads);
      EXPECT_LT(error(ordered.program.run("model", {ids, docs}, ordered.params, Double)[0],
                      student.program.run("model", {ids, docs}, student.params, Double)[0]),
                1e-12)
          << mixer << ' ' << listOf(kept);
    }
}

// The loss of stage I is that of the other heads alone.
TEST(KeptHeads, alignComparesTheOthers) {
  Tensor ids = someIds(1, 40), docs = documents(1, 40, {{40}});
  Model model = derive("xlstm-student-pipeline{window=8 sinks=3 chunk=16 keep-heads=0:2,3}", {{0, {2, 3}}});
  Tensor h = firstMixer(model, ids, docs) - firstMixer(derive("cse"), ids, docs);
  Tensors results = model.program.run("align", {ids, docs}, model.params, Double);
  double want = h.square().sum().item<double>() / 40;
  EXPECT_GT(want, 0);
  const xlstm::FunctionSpec &spec = model.program.function("align");
  for (size_t n = 0; n < results.size(); ++n)
    if (spec.results[n].name == "layers.0.loss")
      EXPECT_NEAR(results[n].item<double>(), want, 1e-12 * want);
}

// Shares of 1 and 0 are the heads kept and the window alone; between them the output is linear in them.
TEST(SharedHeads, areKeptHeads) {
  Tensor ids = someIds(1, 40), docs = documents(1, 40, {{40}});
  Model shared = derive("xlstm-share-heads{window=8 sinks=3}");
  auto setShares = [&](double kept, double other) {
    for (auto &[name, tensor] : shared.params)
      if (name.ends_with("head_share"))
        tensor = at::full({4}, other, at::kDouble);
    shared.params["model.layers.0.self_attn.head_share"][2] = kept;
  };
  setShares(1, 0);
  Model student = derive("xlstm-linearize{mixer=window window=8 sinks=3 keep-heads=0:2}");
  Tensor want = student.program.run("model", {ids, docs}, student.params, Double)[0];
  EXPECT_LT(error(shared.program.run("model", {ids, docs}, shared.params, Double)[0], want), 1e-12);
  Tensor full = firstMixer(derive("cse"), ids, docs), near = firstMixer(student, ids, docs);
  setShares(0.25, 0.25);
  Tensor blend = firstMixer(shared, ids, docs).select(2, 0);
  EXPECT_LT(error(blend, 0.25 * full.select(2, 0) + 0.75 * near.select(2, 0)), 1e-12);
}
