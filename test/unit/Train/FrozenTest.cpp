//===- FrozenTest.cpp - weights that do not train, held as they are read --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth is the same steps with every weight in float32.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

using namespace xlstm;
using namespace xlstm::test;

namespace {

const std::string Adapters = "xlstm-add-lora{rank=2 targets=q_proj},";

/// Weights that somebody may still hold.
class Held {
public:
  explicit Held(const ParamMap &params) {
    for (const auto &[name, param] : params)
      tensors.emplace(name, c10::weak_intrusive_ptr<c10::TensorImpl>(param.getIntrusivePtr()));
  }
  bool contains(const std::string &name) const {
    auto found = tensors.find(name);
    return found != tensors.end() && !found->second.expired();
  }

private:
  std::map<std::string, c10::weak_intrusive_ptr<c10::TensorImpl>> tensors;
};

class FrozenTest : public TestFolder {
protected:
  static TrainOptions threeSteps(TrainOptions options, Trained trained = Trained::Full) {
    options.steps = 3;
    options.batch = 4;
    options.rate = {.peak = 2e-2, .final = 2e-2, .warmup = 0, .cosine = false};
    options.trained = trained;
    options.precision = "bf16";
    return options;
  }
  std::vector<double> lossesOf(const std::string &name) {
    std::vector<double> losses;
    for (const Json &entry : logOf(folder / name))
      if (entry.contains("loss"))
        losses.push_back(entry["loss"]);
    return losses;
  }
  TokenRows batchOf(const TrainOptions &options, int64_t step) const {
    std::vector<int64_t> order =
        rowOrder(data.counts, data.weights, options.seed, options.steps * options.batch, shuffledTogether(12));
    return data.rows.select(std::span(order).subspan(step * options.batch, options.batch));
  }

  MixedRows data = mixRows({tinyRows(16, 1)}, {1.0});
  TokenRows heldOut = tinyRows(4, 100);
};

/// Losses of the steps that `options` ask for, all params in float32. `lossOf` runs a step's batch.
template <typename F>
std::vector<double> stepsByHand(const FunctionSpec &spec, ParamMap params, const TrainOptions &options, F lossOf) {
  ParamMap trained;
  for (const ParamSpec &param : spec.params)
    if (param.init)
      trained[param.tensor.name] = params[param.tensor.name] =
          params[param.tensor.name].clone().set_requires_grad(true);
  AdamW optimizer(trained, options.adamw);
  std::vector<double> losses;
  for (int64_t step = 0; step < options.steps; ++step) {
    optimizer.zeroGrad();
    at::Tensor loss = lossOf(step, params);
    loss.backward();
    optimizer.step(step + 1, options.rate.at(step, options.steps), clipDivisor(gradientNorm(trained), options.clip));
    losses.push_back(loss.item<double>());
  }
  return losses;
}

} // namespace

TEST_F(FrozenTest, DistillationIsTheSameBitForBit) {
  writeTinyTargets(data.rows, folder / "targets");
  TargetStore store = TargetStore::open(folder / "targets");
  for (Trained what : {Trained::Mixer, Trained::Lora}) {
    TrainOptions options = threeSteps(TrainOptions::distillation(3), what);
    std::string name = what == Trained::Mixer ? "mixer" : "lora";
    Program student = narrowStudent(what == Trained::Mixer ? "" : Adapters);
    const FunctionSpec &spec = student.function("distill");
    ParamMap params = initialParams(spec);
    params.merge(tinyTeacherParams());
    std::vector<double> wanted = stepsByHand(spec, params, options, [&](int64_t step, const ParamMap &params) {
      TokenRows batch = batchOf(options, step);
      Targets targets = store.batch(batch);
      return student.run(
          "distill",
          {batch.ids_NT, batch.docStart_NT, batch.labels_NT, targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT},
          params)[0];
    });

    std::optional<Held> held;
    auto load = [&] {
      ParamMap loaded = tinyStudentParams();
      if (!held)
        held.emplace(loaded);
      return loaded;
    };
    options.onStep = [&](int64_t) {
      for (const ParamSpec &param : spec.params)
        if (!param.init)
          EXPECT_EQ(held->contains(param.tensor.name), !param.isRounded) << param.tensor.name;
    };
    DistillResult result = distillExpert(student, load, data, store, heldOut, options, folder / name);
    EXPECT_EQ(lossesOf(name), wanted) << name;
    ASSERT_GT(result.report.bestStep, 0);
    for (const auto &[name, param] : tinyTeacherParams())
      if (what == Trained::Mixer || name.find("q_proj") == name.npos)
        EXPECT_TRUE(result.params.at(name).equal(param)) << name; // not what it was rounded to
  }
}

TEST_F(FrozenTest, AlignmentIsTheSameBitForBit) {
  TrainOptions options = threeSteps(TrainOptions::alignment(3));
  ParamMap params = initialParams(narrowAlign().function("align"));
  params.merge(tinyTeacherParams());
  ParamMap teacher = tinyTeacherParams();
  Held held(teacher);
  options.onStep = [&](int64_t) { EXPECT_FALSE(held.contains("model.layers.0.self_attn.q_proj.weight")); };
  alignStudent(narrowAlign, std::move(teacher), data, heldOut, options, folder / "align");
  std::vector<double> energies = Json::parse(get(folder / "align/energies.json"))["energies"];
  Program align = narrowAlign(energies);
  std::vector<double> wanted =
      stepsByHand(align.function("align"), params, options, [&](int64_t step, const ParamMap &params) {
        TokenRows batch = batchOf(options, step);
        return align.run("align", {batch.ids_NT, batch.docStart_NT}, params)[0];
      });
  EXPECT_EQ(lossesOf("align"), wanted);
}

/// @align in float32 of a teacher whose projections a file holds in bf16.
static Program storedNarrow(const std::vector<double> &energies) {
  std::string text = tinyTeacher();
  for (size_t at; (at = text.find("tensor<8x8xf32>")) != text.npos;)
    text.replace(at, 15, "tensor<8x8xbf16>");
  return Program::parse(rewriteModule(text, "tiny", alignPass("window=4 sinks=1 chunk=4", energies)), "tiny");
}

// What is computed in float64 is not rounded, and neither is what a float32 function reads.
TEST_F(FrozenTest, NothingIsRoundedThatTheFunctionTakesAsItIs) {
  TrainOptions options = threeSteps(TrainOptions::alignment(3));
  for (auto &[build, type] :
       {std::pair(AlignBuilder(storedNarrow), at::kFloat), {AlignBuilder(narrowAlign), at::kDouble}}) {
    options.type = type;
    ParamMap teacher = tinyTeacherParams();
    for (auto &[name, param] : teacher)
      param = param.to(type);
    Held held(teacher);
    options.onStep = [&](int64_t) { EXPECT_TRUE(held.contains("model.layers.0.self_attn.q_proj.weight")); };
    alignStudent(build, std::move(teacher), data, heldOut, options, folder / c10::toString(type));
  }
}
