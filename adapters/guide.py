"""What the terminal tells of this studio."""

from adapters.config import Config
from adapters.console.guide import Guide
from bot.style import Styles

FLAGS = {
    "--prompt": "原样照画，例如 --prompt “写着不要停车的牌子”",
    "--n": "几张，例如 --n 2",
    "--ar": "宽高比，例如 --ar 2:3",
    "--size": "大小，例如 --size 128x128",
    "--style": "画风，例如 --style 水墨",
    "--no": "不要的东西，例如 --no 文字",
    "--seed": "种子，同样的种子画出同样的画",
    "--steps": "步数",
    "--cfg": "引导强度",
    "--sampler": "采样器，例如 --sampler euler",
    "--source": "在哪张图上画，例如 --source 猫.png",
    "--mask": "重画哪里：遮罩白色的地方，例如 --mask 遮罩.png",
    "--strength": "重画多少，0 到 1",
    "--expand": "向外扩画多少像素，例如 --expand 64 或 左,上,右,下",
    "--hires": "先小后大，例如 --hires 2",
    "--upscale": "画好再放大 2 或 4 倍，例如 --upscale 2",
    "--fast": "更快，略有差别",
    "--polish": "先把描述润色",
    "--skip-translation": "描述不翻译",
}


def guide(config: Config) -> Guide:
    """Return what there is to know before the first picture."""
    found = Styles.load(own=config.own_styles)
    styles = {style.name: "、".join(style.aliases) for style in found}
    return Guide(gallery=config.data_dir / "pictures", styles=styles, flags=FLAGS)
