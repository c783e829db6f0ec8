module {
  onnx.graph @main(%arg0: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x16xf32> {onnx.name = "logits"}) attributes {opset = 18 : i64} {
    %0 = onnx.initializer "m.model.embed_tokens.weight" {content = 5302468461482963433 : i64, transposed = -2353292839915246357 : i64} : tensor<16x8xf32>
    %1 = onnx.initializer "m.model.layers.0.input_layernorm.weight" = dense<[-0.370432973, -1.02482259, -0.479848295, -1.33115721, -1.57282197, -0.966140866, -0.680009842, -0.29488942]> : tensor<8xf32> : tensor<8xf32>
    %2 = onnx.initializer "m.model.layers.0.post_attention_layernorm.weight" = dense<[0.0689836293, 1.52689612, 0.812251806, -0.2528992, 0.725918352, -0.688897252, 1.44849133, 5.494770e-01]> : tensor<8xf32> : tensor<8xf32>
    %3 = onnx.initializer "m.model.norm.weight" = dense<[-1.34931719, -0.591574907, -0.0924080684, 0.690951943, 1.3203795, -0.808345854, 0.550976515, -0.444456816]> : tensor<8xf32> : tensor<8xf32>
    %4 = onnx.initializer "m.model.rotary_emb.inv_freq" = dense<[1.000000e+00, 0.00999999977]> : tensor<2xf32> : tensor<2xf32>
    %5 = onnx.initializer "val_4" = dense<0> : tensor<i64> : tensor<i64>
    %6 = onnx.initializer "val_6" = dense<1> : tensor<i64> : tensor<i64>
    %7 = onnx.initializer "val_26" = dense<0> : tensor<1xi64> : tensor<1xi64>
    %8 = onnx.initializer "val_29" = dense<1> : tensor<1xi64> : tensor<1xi64>
    %9 = onnx.initializer "val_43" = dense<-1> : tensor<1xi64> : tensor<1xi64>
    %10 = onnx.initializer "new_ones" = dense<true> : tensor<i1> : tensor<i1>
    %11 = onnx.initializer "zeros" = dense<0.000000e+00> : tensor<f32> : tensor<f32>
    %12 = onnx.initializer "val_155" = dense<[[-1.35583937, -0.948358178, -1.15962982, 1.53429389, 4.069000e-01, -1.69906926, 0.100560382, -1.08040178], [0.755385518, 0.507095814, -1.91089976, 1.34380627, 0.4406223, 0.138287455, 0.684241592, 0.143222913], [0.816092371, 0.30046317, -0.767148196, -0.530832469, -0.411496699, 0.41098395, -0.429819375, 0.728166997], [-2.68559527, 2.62617373, 0.762168586, -0.0463706702, -1.24156523, -0.984625697, -1.7912308, 0.0364480205], [-0.748094975, -0.394259393, 1.58280563, -0.996051907, -1.28374541, 0.204425797, -0.531255662, 1.90801454], [-0.473822534, 1.15323102, 0.603991031, 1.46720684, -1.73836648, -1.09693694, 0.762995243, -0.207793579], [-1.92851222, 0.0788464769, 0.498280913, 0.406354159, 0.461253017, 1.20040214, -0.0845326557, -1.04135025], [-1.06717753, 0.27092579, -0.838766872, -0.0950646698, 2.21854186, -0.59424907, 0.229789183, -1.61765921]]> : tensor<8x8xf32> : tensor<8x8xf32>
    %13 = onnx.initializer "val_162" = dense<[[1.15200591, 1.08537197, 0.0579541735, -1.99181259], [-0.0590182431, -1.23607516, -0.587379515, -2.16103339], [1.01162183, 1.45089602, 0.0865639671, -0.11936868], [0.45766893, 1.21199334, -0.494626254, 0.00672938162], [1.62508428, 0.982925891, 0.283803523, 0.44280085], [1.26610732, -0.20093216, 1.17933214, -1.64738524], [-0.377554566, 0.302141041, -1.30960321, -0.0599386431], [0.273884892, -1.11723924, 0.925390899, 0.126524702]]> : tensor<8x4xf32> : tensor<8x4xf32>
    %14 = onnx.initializer "val_169" = dense<[[1.25520504, -0.834322452, 1.73319268, -1.23864436], [-0.103839584, 0.575988173, 0.330711514, 1.78132069], [0.528991759, 1.7894367, -0.948676943, 0.244560733], [-0.977425575, 0.382703334, -0.569941521, -9.568920e-01], [-0.187554628, 0.303560287, -0.987404525, 0.386221945], [-0.445535332, -0.346142381, -1.25082088, -0.0691942573], [0.70330435, 1.08842528, 1.26371741, -0.772654772], [-0.988819301, 0.539916933, 0.807336926, -1.94293427]]> : tensor<8x4xf32> : tensor<8x4xf32>
    %15 = onnx.initializer "val_181" = dense<2> : tensor<1xi64> : tensor<1xi64>
    %16 = onnx.initializer "val_184" = dense<3> : tensor<1xi64> : tensor<1xi64>
    %17 = onnx.initializer "val_191" = dense<9223372036854775807> : tensor<1xi64> : tensor<1xi64>
    %18 = onnx.initializer "val_289" = dense<[[0.0367199033, -0.837102591, -1.40041339, -0.230580077, -0.650378108, -1.22868693, -1.26613665, 0.384285837], [0.291995853, -0.36005497, -0.851962208, -0.399779797, 2.73645878, -0.695339739, -0.905734837, -0.828350961], [-2.57907748, 1.35160387, 0.0149518298, 1.3010689, -0.385830373, -0.206547737, 0.717043459, 0.627381325], [0.554907322, -1.45061707, 0.326715916, -0.478811383, -0.940926253, 1.44934738, -0.19390057, 0.466924936], [0.617633342, 0.237192288, -0.898376822, 1.33438885, -1.91107631, -1.70329487, -0.537985086, -0.412304282], [-0.469795614, 0.184117749, 3.05634236, 1.14181626, -1.29304516, -5.516410e-01, 0.611291706, -1.21947622], [0.112123057, -0.707630277, -0.570344567, -1.04566514, -0.580648899, -0.953893601, 0.280769497, 1.52006435], [-0.280658156, -0.440339208, 1.273300e-01, 1.03549349, -0.998027801, -1.51514781, -0.223328844, 0.0942010134]]> : tensor<8x8xf32> : tensor<8x8xf32>
    %19 = onnx.initializer "val_294" = dense<[[3.051265, 0.160941601, -0.735498487, -0.226271406, 1.38525403, -1.12599432, -0.694734394, -0.555696547, 1.25482237, -0.801542758, 1.88917184, -0.511263788], [-0.653409063, 0.113480106, -0.528548777, 0.47317785, -0.455728263, 0.87495625, -1.52979994, -0.427320629, -0.207900822, -0.555933952, 0.204396367, -0.627562701], [0.852842986, 0.596451044, 0.682714045, -2.41318345, 0.712664962, -0.398159325, 0.291813672, 0.160678968, 0.341962129, -2.03017926, -1.41326499, -1.82478094], [-0.434219152, 1.02556312, -0.363610178, -1.121454, 0.791869103, -0.552142382, 0.28842181, -0.145569429, 0.736664593, 0.083642669, 0.130746499, -0.66827172], [0.25366804, 0.833628356, -1.24233878, 0.175589144, -4.502210e-01, -1.12744486, -1.40840065, -1.63893914, 0.769613444, -1.02689135, -0.595725834, -0.0140110943], [0.83339119, 0.263012558, 0.626347124, -0.364160985, 0.443439066, 1.80884492, 1.1615504, 1.47409749, -0.163918763, -0.555839717, 0.399385482, 1.20048881], [-0.799307823, -0.347372949, -0.80325067, -0.86454451, -0.450237602, 0.741805613, 0.775956392, 0.316310406, -0.61818546, -0.052700337, -0.685527801, -0.293178022], [-0.100090466, -1.12968361, -0.765828609, -0.541452885, -0.610417485, -0.132804468, -0.962073743, 1.26077342, 0.0352865681, 0.313835114, -0.708406806, -0.371742368]]> : tensor<8x12xf32> : tensor<8x12xf32>
    %20 = onnx.initializer "val_296" = dense<[[0.579838395, 0.158139884, 0.493468106, -1.52610493, 0.646222234, -0.689681112, -1.44032717, 1.80598974, 1.68778455, 0.601766169, -0.00279306131, -0.665732145], [0.539402544, -1.68064058, 0.230938479, -1.56221497, 0.48781392, -1.34188294, -0.0914268643, 2.8630991, -0.442674458, -0.643433928, 0.139955848, 0.136125445], [1.59952533, -0.364127487, -0.561804295, -0.269884527, -0.206270769, 1.59330022, 0.260881722, -0.160557374, -1.39958477, 0.72376126, -0.0268907938, 0.536149144], [0.585111558, -0.883751571, -1.28916299, 1.47168171, 0.188624963, 0.220095068, 0.392571837, -1.23376274, -0.447571397, 1.26098347, 0.311214626, -0.0217218585], [-0.0194502864, -0.214072466, 1.23485172, -1.04655147, 2.62174153, -1.75799215, 0.394599587, 0.864130556, -1.15725887, -0.361952782, 0.628742992, -0.603549659], [1.33832896, -0.481634557, 1.41730237, -0.834124267, -1.12684321, -0.702804267, -1.82301426, -0.180833563, 0.157904163, -0.646514356, -0.706062913, -0.777202308], [1.52948189, -0.166049868, -0.454444975, 1.60759473, -0.313940197, 0.405400693, 1.84698284, -0.451409817, -0.419364572, 0.199296072, -0.482533842, 1.75122547], [-0.475378424, -0.103034534, 0.561414301, -1.89344788, -0.238123417, 0.40342012, 0.211133614, -1.03328633, -1.05742419, 0.89144957, 0.0435889289, 0.878505825]]> : tensor<8x12xf32> : tensor<8x12xf32>
    %21 = onnx.initializer "val_297" = dense<[[-1.11992145, 1.13162982, -5.001170e-01, -0.62470287, 1.23929811, 2.69024539, 1.07740891, 0.165748075], [-0.841026782, -0.593307495, 0.472445786, 1.32325745, 0.276795387, -2.10656118, -0.303472668, -0.763391554], [1.87384474, 0.289809436, 0.676231563, 1.56671488, 0.693108856, 0.0136840194, -0.949637353, -0.415897161], [1.5112977, 1.60071254, 0.784322082, -2.20036173, -0.1124283, -0.568680525, 0.306412071, 1.08770168], [0.128176317, -0.381933093, 0.172915891, 0.00932602305, 0.140159234, -0.456695467, -0.662438393, 1.78644931], [1.15784895, -1.33336401, 0.586673856, -0.710594535, -0.741762638, -1.35817516, -2.1739974, 0.543788671], [-1.48698127, -0.061407607, -0.0679021329, -2.60624385, 0.0345428027, 0.0525352396, 0.886902391, -0.644844532], [0.00131195516, -0.393157631, -1.41918194, 0.410135895, -0.713670492, -0.258272707, -1.67670918, 1.0293721], [0.740809202, 1.30104828, -0.21981062, -0.618799626, 0.373026252, -0.632770717, -0.218407094, -0.375240088], [-1.85996735, 0.160115555, -0.198412061, -0.375734597, 0.827331185, -0.254322618, 0.120156243, -0.407849342], [-0.78299421, -0.802094578, -0.177720264, -0.65157795, 0.311042756, -0.592743754, 1.34966826, -0.278968662], [0.782854855, 2.40054464, 0.136091739, 1.0870055, 1.18412912, -2.34292197, 1.19006062, 5.901490e-01]]> : tensor<12x8xf32> : tensor<12x8xf32>
    %22 = onnx.initializer "val_322" {content = 4654928580617917927 : i64, transposed = -2132755991820855890 : i64} : tensor<8x16xf32>
    %23 = onnx.initializer "val_40" = dense<-1> : tensor<i64> : tensor<i64>
    %24 = onnx.initializer "val_323" = dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
    %25 = onnx.initializer "val_324" = dense<[0, 1]> : tensor<2xi64> : tensor<2xi64>
    %26 = onnx.initializer "val_149" = dense<-3.40282347E+38> : tensor<f32> : tensor<f32>
    %27 = onnx.initializer "val_150" = dense<2.000000e+00> : tensor<f32> : tensor<f32>
    %28 = onnx.initializer "val_153" = dense<9.99999974E-6> : tensor<f32> : tensor<f32>
    %29 = onnx.initializer "val_160" = dense<4> : tensor<1xi64> : tensor<1xi64>
    %30 = onnx.initializer "val_282" = dense<5.000000e-01> : tensor<f32> : tensor<f32>
    %31 = onnx.Shape %arg0 {end = 1 : i64, start = 0 : i64} : (tensor<?x?xi64>) -> !onnx.unknown
    %32 = onnx.Squeeze %31 : (!onnx.unknown) -> !onnx.unknown
    %33 = onnx.Shape %arg0 {end = 2 : i64, start = 1 : i64} : (tensor<?x?xi64>) -> !onnx.unknown
    %34 = onnx.Squeeze %33 : (!onnx.unknown) -> !onnx.unknown
    %35 = onnx.Gather %0, %arg0 {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> !onnx.unknown
    %36 = onnx.Range %5, %34, %6 : (tensor<i64>, !onnx.unknown, tensor<i64>) -> !onnx.unknown
    %37 = onnx.Unsqueeze %36, %7 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %38 = onnx.Concat %31, %8 {axis = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %39 = onnx.Expand %37, %38 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %40 = onnx.Slice %39, %7, %8, %8, %8 : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %41 = onnx.Sub %40, %6 : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
    %42 = onnx.Concat %41, %39 {axis = -1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %43 = onnx.Add %6, %34 : (tensor<i64>, !onnx.unknown) -> !onnx.unknown
    %44 = onnx.Slice %42, %7, %33, %9, %8 : (!onnx.unknown, tensor<1xi64>, !onnx.unknown, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %45 = onnx.Reshape %43, %9 {allowzero = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %46 = onnx.Slice %42, %8, %45, %9, %8 : (!onnx.unknown, tensor<1xi64>, !onnx.unknown, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %47 = onnx.Sub %46, %44 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %48 = onnx.Equal %47, %6 : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
    %49 = onnx.Not %48 : (!onnx.unknown) -> !onnx.unknown
    %50 = onnx.Cast %49 {to = 7 : i64} : (!onnx.unknown) -> !onnx.unknown
    %51 = onnx.CumSum %50, %23 {exclusive = 0 : i64, reverse = 0 : i64} : (!onnx.unknown, tensor<i64>) -> !onnx.unknown
    %52 = onnx.Range %5, %32, %6 : (tensor<i64>, !onnx.unknown, tensor<i64>) -> !onnx.unknown
    %53 = onnx.Unsqueeze %52, %24 : (!onnx.unknown, tensor<2xi64>) -> !onnx.unknown
    %54 = onnx.Unsqueeze %53, %16 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %55 = onnx.Unsqueeze %36, %25 : (!onnx.unknown, tensor<2xi64>) -> !onnx.unknown
    %56 = onnx.Unsqueeze %55, %16 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %57 = onnx.Unsqueeze %55, %15 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %58 = onnx.Max %54, %56 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %59 = onnx.Shape %58 {start = 0 : i64} : (!onnx.unknown) -> !onnx.unknown
    %60 = onnx.Expand %54, %59 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %61 = onnx.Unsqueeze %60, %9 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %62 = onnx.Expand %56, %59 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %63 = onnx.Unsqueeze %62, %9 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %64 = onnx.Concat %61, %63 {axis = -1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %65 = onnx.GatherND %51, %64 {batch_dims = 0 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %66 = onnx.Max %54, %57 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %67 = onnx.Shape %66 {start = 0 : i64} : (!onnx.unknown) -> !onnx.unknown
    %68 = onnx.Expand %54, %67 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %69 = onnx.Unsqueeze %68, %9 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %70 = onnx.Expand %57, %67 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %71 = onnx.Unsqueeze %70, %9 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %72 = onnx.Concat %69, %71 {axis = -1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %73 = onnx.GatherND %51, %72 {batch_dims = 0 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %74 = onnx.Equal %65, %73 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %75 = onnx.And %10, %74 : (tensor<i1>, !onnx.unknown) -> !onnx.unknown
    %76 = onnx.GatherND %39, %64 {batch_dims = 0 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %77 = onnx.GatherND %39, %72 {batch_dims = 0 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %78 = onnx.LessOrEqual %77, %76 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %79 = onnx.And %75, %78 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %80 = onnx.Where %79, %11, %26 : (!onnx.unknown, tensor<f32>, tensor<f32>) -> !onnx.unknown
    %81 = onnx.Unsqueeze %37, %15 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %82 = onnx.Cast %81 {to = 1 : i64} : (!onnx.unknown) -> !onnx.unknown
    %83 = onnx.Mul %82, %4 : (!onnx.unknown, tensor<2xf32>) -> !onnx.unknown
    %84 = onnx.Concat %83, %83 {axis = -1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %85 = onnx.Cos %84 : (!onnx.unknown) -> !onnx.unknown
    %86 = onnx.Sin %84 : (!onnx.unknown) -> !onnx.unknown
    %87 = onnx.Pow %35, %27 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %88 = onnx.ReduceMean %87, %9 {keepdims = 1 : i64, noop_with_empty_axes = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %89 = onnx.Add %88, %28 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %90 = onnx.Sqrt %89 : (!onnx.unknown) -> !onnx.unknown
    %91 = onnx.Reciprocal %90 : (!onnx.unknown) -> !onnx.unknown
    %92 = onnx.Mul %35, %91 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %93 = onnx.Mul %1, %92 : (tensor<8xf32>, !onnx.unknown) -> !onnx.unknown
    %94 = onnx.MatMul %93, %12 : (!onnx.unknown, tensor<8x8xf32>) -> !onnx.unknown
    %95 = onnx.Concat %31, %33, %9, %29 {axis = 0 : i64} : (!onnx.unknown, !onnx.unknown, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %96 = onnx.Reshape %94, %95 {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %97 = onnx.Transpose %96 {perm = array<i64: 0, 2, 1, 3>} : (!onnx.unknown) -> !onnx.unknown
    %98 = onnx.MatMul %93, %13 : (!onnx.unknown, tensor<8x4xf32>) -> !onnx.unknown
    %99 = onnx.Reshape %98, %95 {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %100 = onnx.Transpose %99 {perm = array<i64: 0, 2, 1, 3>} : (!onnx.unknown) -> !onnx.unknown
    %101 = onnx.MatMul %93, %14 : (!onnx.unknown, tensor<8x4xf32>) -> !onnx.unknown
    %102 = onnx.Reshape %101, %95 {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %103 = onnx.Transpose %102 {perm = array<i64: 0, 2, 1, 3>} : (!onnx.unknown) -> !onnx.unknown
    %104 = onnx.Unsqueeze %85, %8 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %105 = onnx.Unsqueeze %86, %8 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %106 = onnx.Mul %97, %104 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %107 = onnx.Slice %97, %7, %15, %16, %8 : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %108 = onnx.Slice %97, %15, %17, %16, %8 : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %109 = onnx.Neg %108 : (!onnx.unknown) -> !onnx.unknown
    %110 = onnx.Concat %109, %107 {axis = -1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %111 = onnx.Mul %110, %105 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %112 = onnx.Add %106, %111 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %113 = onnx.Mul %100, %104 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %114 = onnx.Slice %100, %7, %15, %16, %8 : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %115 = onnx.Slice %100, %15, %17, %16, %8 : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !onnx.unknown
    %116 = onnx.Neg %115 : (!onnx.unknown) -> !onnx.unknown
    %117 = onnx.Concat %116, %114 {axis = -1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %118 = onnx.Mul %117, %105 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %119 = onnx.Add %113, %118 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %120 = onnx.Unsqueeze %119, %15 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %121 = onnx.Concat %31, %8, %15, %33, %29 {axis = 0 : i64} : (!onnx.unknown, tensor<1xi64>, tensor<1xi64>, !onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %122 = onnx.Expand %120, %121 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %123 = onnx.Concat %31, %15, %33, %29 {axis = 0 : i64} : (!onnx.unknown, tensor<1xi64>, !onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %124 = onnx.Reshape %122, %123 {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %125 = onnx.Unsqueeze %103, %15 : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %126 = onnx.Expand %125, %121 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %127 = onnx.Reshape %126, %123 {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %128 = onnx.Transpose %124 {perm = array<i64: 0, 1, 3, 2>} : (!onnx.unknown) -> !onnx.unknown
    %129 = onnx.MatMul %112, %128 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %130 = onnx.Mul %129, %30 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %131 = onnx.Add %130, %80 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %132 = onnx.Softmax %131 {axis = -1 : i64} : (!onnx.unknown) -> !onnx.unknown
    %133 = onnx.MatMul %132, %127 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %134 = onnx.Transpose %133 {perm = array<i64: 0, 2, 1, 3>} : (!onnx.unknown) -> !onnx.unknown
    %135 = onnx.Concat %31, %33, %9 {axis = 0 : i64} : (!onnx.unknown, !onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %136 = onnx.Reshape %134, %135 {allowzero = 1 : i64} : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %137 = onnx.MatMul %136, %18 : (!onnx.unknown, tensor<8x8xf32>) -> !onnx.unknown
    %138 = onnx.Add %35, %137 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %139 = onnx.Pow %138, %27 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %140 = onnx.ReduceMean %139, %9 {keepdims = 1 : i64, noop_with_empty_axes = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %141 = onnx.Add %140, %28 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %142 = onnx.Sqrt %141 : (!onnx.unknown) -> !onnx.unknown
    %143 = onnx.Reciprocal %142 : (!onnx.unknown) -> !onnx.unknown
    %144 = onnx.Mul %138, %143 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %145 = onnx.Mul %2, %144 : (tensor<8xf32>, !onnx.unknown) -> !onnx.unknown
    %146 = onnx.MatMul %145, %19 : (!onnx.unknown, tensor<8x12xf32>) -> !onnx.unknown
    %147 = onnx.Sigmoid %146 : (!onnx.unknown) -> !onnx.unknown
    %148 = onnx.Mul %146, %147 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %149 = onnx.MatMul %145, %20 : (!onnx.unknown, tensor<8x12xf32>) -> !onnx.unknown
    %150 = onnx.Mul %148, %149 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %151 = onnx.MatMul %150, %21 : (!onnx.unknown, tensor<12x8xf32>) -> !onnx.unknown
    %152 = onnx.Add %138, %151 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %153 = onnx.Pow %152, %27 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %154 = onnx.ReduceMean %153, %9 {keepdims = 1 : i64, noop_with_empty_axes = 0 : i64} : (!onnx.unknown, tensor<1xi64>) -> !onnx.unknown
    %155 = onnx.Add %154, %28 : (!onnx.unknown, tensor<f32>) -> !onnx.unknown
    %156 = onnx.Sqrt %155 : (!onnx.unknown) -> !onnx.unknown
    %157 = onnx.Reciprocal %156 : (!onnx.unknown) -> !onnx.unknown
    %158 = onnx.Mul %152, %157 : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    %159 = onnx.Mul %3, %158 : (tensor<8xf32>, !onnx.unknown) -> !onnx.unknown
    %160 = onnx.MatMul %159, %22 : (!onnx.unknown, tensor<8x16xf32>) -> tensor<?x?x16xf32>
    onnx.return %160 : tensor<?x?x16xf32>
  }
}

