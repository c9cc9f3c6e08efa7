"""WGAN with gradient penalty: the critic's loss holds the gradient of the critic (autograd.grad with create_graph)."""


def main(torch):
    nn, autograd = torch.nn, torch.autograd

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.main = nn.Sequential(
                nn.Linear(2, 24), nn.ReLU(True), nn.Linear(24, 24), nn.ReLU(True), nn.Linear(24, 2)
            )

        def forward(self, noise):
            return self.main(noise)

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.main = nn.Sequential(
                nn.Linear(2, 24), nn.LeakyReLU(0.2), nn.Linear(24, 24), nn.Softplus(), nn.Linear(24, 1)
            )

        def forward(self, inputs):
            return self.main(inputs).view(-1)

    def calc_gradient_penalty(netD, real_data, fake_data):
        alpha = torch.rand(real_data.size(0), 1)
        alpha = alpha.expand(real_data.size())
        interpolates = alpha * real_data + ((1 - alpha) * fake_data)
        interpolates.requires_grad_(True)
        disc_interpolates = netD(interpolates)
        gradients = autograd.grad(
            outputs=disc_interpolates, inputs=interpolates, grad_outputs=torch.ones_like(disc_interpolates),
            create_graph=True, retain_graph=True, only_inputs=True,
        )[0]  # fmt: skip
        return ((gradients.norm(2, dim=1) - 1) ** 2).mean() * 0.5

    torch.manual_seed(4)
    netG, netD = Generator(), Discriminator()
    initial = netG.main[0].weight.tolist()
    optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.9))
    optimizerG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.9))
    one = torch.tensor(1, dtype=torch.float)
    mone = one * -1
    costs, penalties, generator_costs = [], [], []
    for _iteration in range(30):
        for p in netD.parameters():
            p.requires_grad = True
        for _ in range(3):
            angle = torch.rand(32) * 6.2831853
            real = torch.stack([angle.cos(), angle.sin()], dim=1) + 0.02 * torch.randn(32, 2)
            netD.zero_grad()
            D_real = netD(real).mean()
            D_real.backward(mone)
            with torch.no_grad():
                noise = torch.randn(32, 2)
            fake = netG(noise).data
            D_fake = netD(fake).mean()
            D_fake.backward(one)
            gradient_penalty = calc_gradient_penalty(netD, real.data, fake.data)
            gradient_penalty.backward()
            optimizerD.step()
            costs.append((D_fake - D_real + gradient_penalty).item())
            penalties.append(gradient_penalty.item())
        for p in netD.parameters():
            p.requires_grad = False
        netG.zero_grad()
        G = netD(netG(torch.randn(32, 2))).mean()
        G.backward(mone)
        optimizerG.step()
        generator_costs.append(-G.item())
    return {"weights": initial, "losses": costs, "penalties": penalties, "generator": generator_costs}
