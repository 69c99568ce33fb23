"""What the terminal tells of this studio."""

from adapters.config import Config
from adapters.console.guide import Guide
from bot.style import Styles
from bot.wording import later

FLAGS = {
    "--prompt": later("原样照画，例如 --prompt “写着不要停车的牌子”"),
    "--n": later("几张，例如 --n 2"),
    "--ar": later("宽高比，例如 --ar 2:3"),
    "--size": later("大小，例如 --size 128x128"),
    "--style": later("画风，例如 --style 水墨"),
    "--no": later("不要的东西，例如 --no 文字"),
    "--seed": later("种子，同样的种子画出同样的画"),
    "--steps": later("步数"),
    "--cfg": later("引导强度"),
    "--sampler": later("采样器，例如 --sampler euler"),
    "--source": later("在哪张图上画，例如 --source 猫.png"),
    "--mask": later("重画哪里：遮罩白色的地方，例如 --mask 遮罩.png"),
    "--strength": later("重画多少，0 到 1"),
    "--expand": later("向外扩画多少像素，例如 --expand 64 或 左,上,右,下"),
    "--hires": later("先小后大，例如 --hires 2"),
    "--upscale": later("画好再放大 2 或 4 倍，例如 --upscale 2"),
    "--fast": later("更快，略有差别"),
    "--polish": later("先把描述润色"),
    "--skip-translation": later("描述不翻译"),
}


def guide(config: Config) -> Guide:
    """Return what there is to know before the first picture."""
    found = Styles.load(own=config.own_styles)
    styles = {style.name: "、".join(style.aliases) for style in found}
    return Guide(gallery=config.data_dir / "pictures", styles=styles, flags=FLAGS)
