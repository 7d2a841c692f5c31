//! The program that installs packages: the one that started `kontract init`.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

impl Manager {
    /// Each of them sets `npm_config_user_agent`: `pnpm/12.0.0 npm/? node/v22.12.0 linux x64`.
    pub fn of_agent(agent: &str) -> Self {
        match agent.split('/').next() {
            Some("pnpm") => Self::Pnpm,
            Some("yarn") => Self::Yarn,
            Some("bun") => Self::Bun,
            _ => Self::Npm,
        }
    }

    pub fn install(self) -> String {
        format!("{} install", self.name())
    }

    /// Before the name of a script.
    pub fn run(self) -> String {
        format!("{} run", self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
        }
    }
}
